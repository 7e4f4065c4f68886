/**
 * Whatever a token endpoint answers that is neither a token nor a parsed refusal: the stored tokens stay, a living one
 * is served, nobody has to connect again, and the account recovers by the refresh token that it had.
 */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Fault } from '../../src/dev/oauth/faults.ts';
import { badAnswers } from './bad-answers.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { refreshScene, retryAfterS, STATIC, type Account } from './refresh-scene.ts';
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

/** Name, fault, and whether it leaves open that the provider has used the refresh token up. */
const ANSWERS: readonly (readonly [string, () => Fault | 'down', { doubt: boolean }])[] = [
  ...badAnswers(() => elsewhere.url),
  ['a refused connection', () => 'down', { doubt: true }],
];

async function breakProvider(account: Account, fault: Fault | 'down'): Promise<void> {
  if (fault === 'down') await scene.provider.down();
  else if (fault.delayBeforeMs === Infinity || fault.dripMs !== undefined) scene.leavesHanging(account);
  if (fault !== 'down') scene.provider.faults.when((call) => call.grantId === account.grantId, fault);
}

async function repairProvider(): Promise<void> {
  scene.provider.faults.clear();
  await scene.provider.up();
}

/** Asks until there is a token; the backoff of the first failures is a few seconds. */
async function fetchedAgain(account: Account): Promise<string> {
  return vi.waitFor(
    async () => {
      const reply = await account.fetch();
      expect(reply.status, reply.text).toBe(200);
      return String(reply.body.access_token);
    },
    { timeout: PATIENCE_MS, interval: 200 },
  );
}

describe('a living token', () => {
  it.each(ANSWERS)(
    'is served while the provider answers with %s, and the grant outlives it',
    async (_name, fault, { doubt }) => {
      const account = await scene.connect();
      await breakProvider(account, fault());
      const tried = await account.act('refresh');
      expect(tried.status, tried.text).toBe(200);
      expect(['transient', 'malformed']).toContain(tried.body.last_attempt.outcome);
      const reply = await account.fetch();
      expect(reply.status, reply.text).toBe(200);
      expect(reply.body.access_token).toBe(account.accessToken);
      const during = await account.show();
      expect(during).toMatchObject({ status: 'active', status_reason: null });
      expect(during.in_doubt_since !== null).toBe(doubt);
      await repairProvider();
      const failed = account.calls().length;
      await account.expire();
      expect(await fetchedAgain(account)).toBe(account.calls().at(-1)?.accessToken);
      // What was stored before is what is presented after.
      expect(account.calls().slice(failed)).toMatchObject([
        { refreshToken: account.refreshToken, verdict: 'fresh' },
      ]);
      expect(await account.show()).toMatchObject({
        status: 'active',
        degraded_since: null,
        in_doubt_since: null,
      });
      expect(elsewhere.seen).toEqual([]);
    },
  );
});

describe('a token that expires during an outage', () => {
  it.each([
    ['500', { status: 500 }, 503, 'provider_unavailable'],
    ['a 403 page', { html: true }, 503, 'provider_unavailable'],
    ['a refused connection', 'down', 503, 'provider_unavailable'],
    ['a timeout', { delayBeforeMs: Infinity }, 503, 'provider_unavailable'],
    ['a page with 200', { html: true, status: 200 }, 502, 'provider_error'],
  ] as const)(
    'is an unmistakable refusal with Retry-After (%s), and comes back by itself',
    async (_name, fault, status, code) => {
      const account = await scene.connect({ config: STATIC });
      await breakProvider(account, fault);
      const brokenAtMs = Date.now();
      await account.expire();
      const first = await account.fetch();
      expect(first.status, first.text).toBe(status);
      expect(first.body.code).toBe(code);
      expect(retryAfterS(first)).toBeGreaterThanOrEqual(1);
      expect(first.text).not.toContain('access_token');
      const during = await account.show();
      expect(during).toMatchObject({ status: 'active', status_reason: null, in_doubt_since: null });
      expect(Date.parse(during.degraded_since)).toBeGreaterThan(brokenAtMs - 1_000);
      const later = await account.fetch();
      expect([503, 502]).toContain(later.status);
      expect((await account.show()).degraded_since).toBe(during.degraded_since);
      await repairProvider();
      // Nobody asks for it: the account's own timer brings it back.
      await vi.waitFor(
        async () => expect(await account.show()).toMatchObject({ status: 'active', degraded_since: null }),
        { timeout: PATIENCE_MS, interval: 250 },
      );
      const { length } = account.calls();
      expect((await account.fetch()).body.access_token).toBe(account.calls().at(-1)?.accessToken);
      expect(account.calls()).toHaveLength(length);
    },
  );

  it('costs few calls, however many ask', async () => {
    const account = await scene.connect({ config: STATIC });
    await breakProvider(account, { status: 500 });
    await account.expire();
    const startedAtMs = Date.now();
    while (Date.now() < startedAtMs + 4000) {
      for (const reply of await account.herd(20)) {
        expect(reply.status).toBe(503);
        expect(retryAfterS(reply)).toBeGreaterThanOrEqual(1);
      }
    }
    // Backoff from 2 s with full jitter, never below 250 ms, even with the worst of luck: 4 s hold at most sixteen.
    const most = Math.ceil((Date.now() - startedAtMs) / 250);
    expect(account.calls().length).toBeLessThanOrEqual(most);
    expect(account.calls().length).toBeGreaterThanOrEqual(1);
  });
});
