/**
 * Every bad answer to a refresh, at every kind of provider: one whose refresh token stays, one that rotates it and
 * forgives the old one for a while, one that forgives nothing. What is stored stays as it is, the living token is
 * served, nobody has to connect again; with the provider well again the account goes on with the token that it had.
 */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Fault } from '../../src/dev/oauth/faults.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { badAnswers } from './bad-answers.ts';
import { GRACE, GRACE_S, refreshScene, STATIC, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene({ settings: { EXCHANGE_BUDGET_MS: '3000' } });

let elsewhere: HostileServer;
beforeAll(async () => {
  elsewhere = await startServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: 'stolen', token_type: 'Bearer', expires_in: 3600 }));
  });
});
afterAll(() => elsewhere.close());

/** The provider has done its work, and what it says of it does not arrive whole. */
const LOST: readonly (readonly [string, () => Fault])[] = [
  ['an answer that was made and never sent', () => ({ dropAfter: true })],
  ['an answer that breaks off', () => ({ truncateAtByte: 40 })],
  ['an answer that is cut and looks whole', () => ({ truncateClean: true, truncateAtByte: 40 })],
  ['a gateway page in the place of the answer', () => ({ process: true, html: true, status: 502 })],
];

const KINDS = [
  ['keeps one refresh token', STATIC, { rotation: 'static', graceS: 0 }, true],
  ['rotates with grace', GRACE, { rotation: 'rotating', graceS: GRACE_S }, true],
  ['rotates and forgives nothing', { refresh_token: 'rotating' }, { rotation: 'rotating', graceS: 0 }, false],
] as const;

/** One account that met one answer, and its refusal by its own provider's fault alone. */
async function meet(config: Record<string, unknown>, fault: Fault): Promise<[Account, () => void]> {
  const account = await scene.connect({ config });
  if (fault.delayBeforeMs === Infinity || fault.dripMs !== undefined) scene.leavesHanging(account);
  const end = scene.provider.faults.when((call) => call.grantId === account.grantId, fault);
  const tried = await account.act('refresh');
  expect(tried.status, tried.text).toBe(200);
  expect(['transient', 'malformed']).toContain(tried.body.last_attempt.outcome);
  const served = await account.fetch();
  expect([served.status, served.body.access_token], served.text).toEqual([200, account.accessToken]);
  expect(await account.show()).toMatchObject({ status: 'active', status_reason: null });
  return [account, end];
}

/** What the account presents is what it had, and it gets a token for it that is none of those in the bad answers. */
async function goesOn(account: Account): Promise<void> {
  await account.expire();
  const token = await vi.waitFor(
    async () => {
      const reply = await account.fetch();
      expect(reply.status, reply.text).toBe(200);
      return String(reply.body.access_token);
    },
    { timeout: PATIENCE_MS, interval: 250 },
  );
  expect(account.calls().map((call) => call.accessToken)).toContain(token);
  const presented = new Set(account.calls().map((call) => call.refreshToken));
  expect([...presented]).toEqual([account.refreshToken]);
  expect(await account.show()).toMatchObject({ status: 'active', in_doubt_since: null });
}

describe.each(KINDS)('at a provider that %s', (_name, config, settings, forgives) => {
  it('no bad answer changes what is stored', async () => {
    Object.assign(scene.provider, settings);
    const answers = [
      ...badAnswers(() => elsewhere.url).map(([name, fault]) => [name, fault] as const),
      // What is lost at a provider that forgives nothing is lost: that is another test's matter.
      ...(forgives ? LOST : []),
    ];
    for (let n = 0; n < answers.length; n += 6) {
      await Promise.all(
        answers.slice(n, n + 6).map(async ([name, fault]) => {
          try {
            const [account, end] = await meet(config, fault());
            end();
            await goesOn(account);
          } catch (error) {
            throw new Error(`after ${name}: ${error instanceof Error ? error.message : String(error)}`, {
              cause: error,
            });
          }
        }),
      );
    }
    expect(elsewhere.seen).toEqual([]);
  }, 240_000);
});
