/**
 * How long a token must still live for who asks: what was asked for, capped, and never a pump that rotates on every
 * call. The tests share one minute of waiting: they run side by side.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Reply } from '../support/callers.ts';
import { refreshScene, statuses, tokensIn, type Account } from './refresh-scene.ts';

const scene = refreshScene({ server: { accessTokenTtlS: 600 }, sideBySide: true });

/** An account whose imported token lives so long, and the clock of its life. */
async function bornNow(ttlS: number, more: Parameters<typeof scene.connect>[0] = {}) {
  const account = await scene.connect({ ttlS, ...more });
  // The broker counts from when it stored the import, which is a little earlier.
  const bornAtMs = Date.parse((await account.show()).expires_at) - ttlS * 1000;
  const at = (ageS: number) => sleep(Math.max(0, bornAtMs + ageS * 1000 - Date.now()));
  /** Runs `work` when the token is `fromS` old. @throws TooLate when it was older than `toS` by the end */
  const during = async (fromS: number, toS: number, work: () => Promise<void>): Promise<void> => {
    await at(fromS);
    const [outcome] = await Promise.allSettled([work()]);
    if (Date.now() > bornAtMs + toS * 1000) throw new TooLate(`not done at the age of ${toS} s`);
    if (outcome.status === 'rejected') throw outcome.reason;
  };
  return { account, at, during };
}

/** The machine was too slow for a window of a token's life: the attempt says nothing, whichever way it ended. */
class TooLate extends Error {}

/** A test that has such windows: it begins anew, with an account of its own, until they were kept. */
function inTime(attempt: () => Promise<void>): () => Promise<void> {
  return async () => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof TooLate) || tries === 4) throw error;
      }
    }
  };
}

/** @param mostS what the token had left when it was asked for */
function expectOld(account: Account, reply: Reply, mostS: number): void {
  expect([reply.status, reply.body.access_token]).toEqual([200, account.accessToken]);
  const leftS = (Date.parse(reply.body.expires_at) - Date.now()) / 1000;
  expect(reply.body.expires_in).toBeGreaterThanOrEqual(Math.max(1, Math.floor(leftS)));
  expect(reply.body.expires_in).toBeLessThanOrEqual(mostS);
}

function expectNew(account: Account, reply: Reply): void {
  expect([reply.status, reply.body.access_token]).toEqual([200, account.calls()[0]?.accessToken]);
  expect(reply.body.expires_in).toBeGreaterThan(590);
}

describe.concurrent('min_ttl', () => {
  it(
    'renews a token that lives, but not for as long as was asked',
    inTime(async () => {
      const { account, during } = await bornNow(60);
      // 29 s are left: enough for a caller that names nothing (12 s, a fifth), not for one that asks for 30.
      await during(31, 40, async () => {
        expectOld(account, await account.fetch(), 29);
        expectOld(account, await account.fetch('?min_ttl=20'), 29);
        expect(account.calls()).toEqual([]);
      });
      expectNew(account, await account.fetch('?min_ttl=30'));
      expect(account.calls()).toHaveLength(1);
    }),
  );

  it(
    'is capped at half of the lifetime where the caller named it',
    inTime(async () => {
      const { account, at, during } = await bornNow(80);
      await during(32, 40, async () => {
        expectOld(account, await account.fetch('?min_ttl=3600'), 48);
        expect(account.calls()).toEqual([]);
      });
      await at(41);
      expectNew(account, await account.fetch('?min_ttl=3600'));
    }),
  );

  it(
    'is capped at a fifth of the lifetime where nobody named it',
    inTime(async () => {
      const { account, at, during } = await bornNow(50);
      await during(31, 40, async () => {
        expectOld(account, await account.fetch(), 19);
        expect(account.calls()).toEqual([]);
      });
      await at(41);
      expectNew(account, await account.fetch());
    }),
  );

  it(
    'is no pump: a living token is left alone for 30 s, whatever 50 callers ask',
    inTime(async () => {
      const { account, at, during } = await bornNow(40);
      // Less than half is left, but the token is younger than 30 s.
      await during(22, 30, async () => {
        for (const reply of await account.herd(50, '?min_ttl=3600')) expectOld(account, reply, 18);
        expect(account.calls()).toEqual([]);
      });
      await at(31);
      const old = await account.herd(50, '?min_ttl=3600');
      expect(statuses(old)).toEqual({ 200: 50 });
      expect(tokensIn(old)).toEqual([account.calls()[0]?.accessToken]);
      await account.herd(50, '?min_ttl=3600');
      expect(account.calls()).toHaveLength(1);
    }),
  );

  it(
    'of an hour on a ten-minute token costs no call in 50 and none in 50 later, and expires_in is true',
    inTime(async () => {
      const { account, at } = await bornNow(600);
      for (const ageS of [0, 31]) {
        await at(ageS);
        for (const reply of await account.herd(50, '?min_ttl=3600')) expectOld(account, reply, 600 - ageS);
      }
      expect(account.calls()).toEqual([]);
    }),
  );

  it(
    'renews at most once in 30 s where the provider gives shorter tokens than it said',
    inTime(async () => {
      const { account, at, during } = await bornNow(40);
      scene.provider.faults.when((call) => call.grantId === account.grantId, {
        settings: { accessTokenTtlS: 40 },
      });
      await during(31, 60, async () => {
        for (let ageS = 31; ageS <= 51; ageS += 2) {
          await at(ageS);
          expect(statuses(await account.herd(5, '?min_ttl=3600'))).toEqual({ 200: 5 });
        }
        expect(account.calls()).toHaveLength(1);
      });
    }),
  );

  it(
    'that cannot be had is answered with the living token and its true expires_in',
    inTime(async () => {
      // Nobody listens at this port: the renewal fails without a call that could be counted.
      const { account, during } = await bornNow(60, { config: { token_url: 'http://127.0.0.1:1/token' } });
      await during(31, 60, async () => {
        for (const reply of await account.herd(20, '?min_ttl=3600')) expectOld(account, reply, 29);
        await account.herd(20, '?min_ttl=3600');
        // The account's own backoff may try again meanwhile; no request does.
        const { body } = await scene.operator.get(`/v1/connected-accounts/${account.id}/explain`);
        expect(body.attempts).toContainEqual(
          expect.objectContaining({ trigger: 'on_demand', outcome: 'transient' }),
        );
        expect(body.attempts.length).toBeLessThanOrEqual(4);
      });
    }),
  );

  it.each(['-1', '3601', '1.5', 'abc', '', '99999'])('%j is 400 with its path', async (value) => {
    const account = await scene.connect();
    const reply = await account.fetch(`?min_ttl=${value}`);
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
    expect(reply.body.errors).toMatchObject([{ path: 'min_ttl' }]);
  });

  it(
    'of zero serves a token to its last second, and never one that has ended',
    inTime(async () => {
      const { account, at, during } = await bornNow(4, { renewable: false });
      await during(1.5, 4, async () => expectOld(account, await account.fetch('?min_ttl=0'), 3));
      await at(4);
      expect((await account.fetch('?min_ttl=0')).status).toBe(409);
    }),
  );
});
