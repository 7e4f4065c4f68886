/**
 * Every bad answer to the code exchange of a connect, for an account that works already, at every kind of provider. The
 * session fails, its code is presented once, no candidate comes of it, and the account keeps and uses the tokens that
 * it had.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../src/dev/oauth/faults.ts';
import { browser, type Browser } from '../support/browser.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { storedRows } from '../support/stored-rows.ts';
import { badAnswers } from './bad-answers.ts';
import { connectScene, type Session } from './connect-scene.ts';
import { GRACE, GRACE_S, STATIC } from './refresh-scene.ts';

const s = connectScene({ alone: true });

let elsewhere: HostileServer;
beforeAll(async () => {
  elsewhere = await startServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: 'stolen', token_type: 'Bearer', expires_in: 3600 }));
  });
});
afterAll(() => elsewhere.close());

/** The provider has taken the code, and what it says of it does not arrive whole; and plain refusals. */
const MORE: readonly (readonly [string, () => Fault])[] = [
  ['an answer that was made and never sent', () => ({ dropAfter: true })],
  ['an answer that breaks off', () => ({ truncateAtByte: 40 })],
  ['an answer that is cut and looks whole', () => ({ truncateClean: true, truncateAtByte: 40 })],
  ['a gateway page in the place of the answer', () => ({ process: true, html: true, status: 502 })],
  ['a refused code', () => ({ status: 400, body: { error: 'invalid_grant' } })],
  ['a refused client', () => ({ status: 401, body: { error: 'invalid_client' } })],
  ['429', () => ({ status: 429, headers: { 'Retry-After': '1' } })],
];

const KINDS = [
  ['keeps one refresh token', STATIC, { rotation: 'static', graceS: 0 }],
  ['rotates with grace', GRACE, { rotation: 'rotating', graceS: GRACE_S }],
  ['rotates and forgives nothing', { refresh_token: 'rotating' }, { rotation: 'rotating', graceS: 0 }],
] as const;

interface Flow {
  readonly session: Session;
  readonly who: Browser;
  readonly callback: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

const USER = 'the-same-user';
const REASONS = ['code_rejected', 'misconfigured', 'provider_error', 'provider_unavailable'];

/** A working account whose own user stands before the last step of connecting it again: a good answer would be taken. */
async function begin(connection: string, identifier: string): Promise<Flow> {
  s.provider.user.subject = USER;
  const { accessToken, refreshToken } = await s.provider.grant({ subject: USER });
  const accountId = await s.w.account(connection, identifier, {
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: 3600,
  });
  const session = await s.link(connection, { accountId, identifier });
  const who = browser();
  const callback = await s.walkToCallback(session, who);
  return { session, who, callback, accessToken, refreshToken };
}

/** They come back at the same time, to exchanges that meet one fault each. */
async function meet(flows: readonly Flow[], faults: readonly Fault[]): Promise<void> {
  const before = s.redeemed();
  for (const fault of faults) s.provider.faults.next(fault);
  await Promise.all(
    flows.map(async ({ session, who, callback }) => {
      const page = await who.request('GET', callback);
      expect(page.status, page.text).toBeGreaterThanOrEqual(400);
      const { status, reason } = await s.show(session.sessionId);
      expect(status, reason).toBe('failed');
      expect(REASONS).toContain(reason);
      // Coming again changes nothing, and presents nothing.
      expect((await who.request('GET', callback)).status).toBe(409);
    }),
  );
  expect(s.redeemed()).toBe(before + flows.length);
}

/** It hands out what it had, and renews itself with what it had. */
async function isAsBefore({ session, accessToken, refreshToken }: Flow): Promise<void> {
  const { connection, identifier, accountId } = session;
  const served = await s.token(connection, identifier);
  expect([served.status, served.body.access_token], served.text).toEqual([200, accessToken]);
  expect(await s.account(accountId)).toMatchObject({ status: 'active', status_reason: null });
  await s.operator.post(`/v1/connected-accounts/${accountId}/expire`);
  const renewed = await s.token(connection, identifier);
  expect(renewed.status, renewed.text).toBe(200);
  const [call, ...others] = s.provider.calls.filter((one) => one.refreshToken === refreshToken);
  expect([call?.accessToken, others]).toEqual([renewed.body.access_token, []]);
  const chain = await s.operator.get(`/v1/connected-accounts/${accountId}/audit/verify`);
  expect(chain.body).toMatchObject({ intact: true });
}

describe.each(KINDS)('at a provider that %s', (_name, config, settings) => {
  it('no bad answer to a code changes a working account', async () => {
    Object.assign(s.provider, settings);
    const connection = await s.connection({}, config);
    const answers = [
      ...badAnswers(() => elsewhere.url).map(([name, fault]) => [name, fault] as const),
      ...MORE,
    ];
    const isSlow = (fault: Fault) => fault.delayBeforeMs === Infinity || fault.dripMs !== undefined;
    // Those that wait for the end of the broker's patience wait together.
    const together = answers.filter(([, fault]) => isSlow(fault()));
    const alone = answers.filter(([, fault]) => !isSlow(fault())).map((one) => [one]);
    for (const batch of [together, ...alone]) {
      const names = batch.map(([name]) => name).join(', ');
      try {
        const flows = await Promise.all(batch.map(([name]) => begin(connection, name)));
        const faults = batch.map(([, fault]) => fault());
        await meet(flows, faults);
        for (const flow of flows) await isAsBefore(flow);
      } catch (error) {
        throw new Error(`after ${names}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      }
    }
    expect(elsewhere.seen).toEqual([]);
  }, 240_000);
});

it('leaves no candidate behind, but where an answer was good', async () => {
  const session = await s.link(await s.connection());
  expect((await s.walk(session)).status).toBe(200);
  const { status } = await s.show(session.sessionId);
  await s.broker.stop();
  const tables = [...(await storedRows(s.broker.folder))].filter(([key]) => key.endsWith(' candidate'));
  expect(tables.length).toBeGreaterThan(1);
  expect([status, tables.flatMap(([, rows]) => rows)]).toEqual(['pending_confirmation', [expect.anything()]]);
});
