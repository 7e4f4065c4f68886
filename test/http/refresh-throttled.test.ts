/** A provider that asks for patience gets it: no call before its `Retry-After`, and the agents are told the same. */

import { describe, expect, it, vi } from 'vitest';
import { refreshScene, retryAfterS, STATIC, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene();

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

function throttle(account: Account, retryAfter: string | null, status = 429): void {
  scene.provider.faults.when((call) => call.grantId === account.grantId, {
    status,
    body: { error: 'slow_down' },
    headers: retryAfter === null ? {} : { 'Retry-After': retryAfter },
  });
}

describe('a throttled refresh', () => {
  it('serves the living token, and a rotating grant is not in doubt', async () => {
    const account = await scene.connect();
    throttle(account, '120');
    const tried = await account.act('refresh');
    expect(tried.body.last_attempt).toMatchObject({
      trigger: 'forced',
      outcome: 'throttled',
      provider_error: 'slow_down',
    });
    for (const query of ['', '?min_ttl=3600']) {
      const reply = await account.fetch(query);
      expect([reply.status, reply.body.access_token]).toEqual([200, account.accessToken]);
    }
    expect(await account.show()).toMatchObject({ status: 'active', in_doubt_since: null });
    expect(account.calls()).toHaveLength(1);
  });

  it.each([
    ['seconds', () => '120', 118, 121],
    ['an HTTP date', () => inSeconds(120), 117, 121],
    ['more than an hour, which counts as one', () => '86400', 3595, 3600],
    ['a date in a hundred years, which counts as an hour', () => inSeconds(3e9), 3595, 3600],
  ])(
    'refuses with Retry-After while the provider asked for %s, and calls nobody',
    async (_what, header, leastS, mostS) => {
      const account = await scene.connect();
      await account.expire();
      throttle(account, header());
      const first = await account.fetch();
      expect([first.status, first.body.code]).toEqual([503, 'provider_unavailable']);
      expect(retryAfterS(first)).toBeGreaterThanOrEqual(leastS);
      expect(retryAfterS(first)).toBeLessThanOrEqual(mostS);
      const others = [...(await account.herd(20)), ...(await account.herd(5, '?min_ttl=0'))];
      for (const reply of others) {
        expect([reply.status, reply.body.code]).toEqual([503, 'provider_unavailable']);
        expect(retryAfterS(reply)).toBeGreaterThanOrEqual(leastS - 5);
      }
      const forced = await account.act('refresh');
      expect([forced.status, forced.body.code]).toEqual([503, 'provider_unavailable']);
      expect(account.calls()).toHaveLength(1);
      const shown = await account.show();
      expect(shown).toMatchObject({ status: 'active', in_doubt_since: null });
      expect(shown.degraded_since).not.toBeNull();
      expect(Date.parse(shown.next_refresh_at)).toBeGreaterThan(Date.now() + (leastS - 10) * 1000);
    },
  );

  it.each(['soon', '-5', '1e3', ''])('backs off by itself where Retry-After is %j', async (header) => {
    const account = await scene.connect();
    await account.expire();
    throttle(account, header);
    const first = await account.fetch();
    expect(first.status).toBe(503);
    expect(retryAfterS(first)).toBeGreaterThanOrEqual(1);
    expect(retryAfterS(first)).toBeLessThanOrEqual(3);
  });

  it('heeds Retry-After of a 503 as well', async () => {
    const account = await scene.connect({ config: STATIC });
    await account.expire();
    throttle(account, '90', 503);
    const replies = [await account.fetch(), ...(await account.herd(10))];
    for (const reply of replies) {
      expect(reply.status).toBe(503);
      expect(retryAfterS(reply)).toBeGreaterThanOrEqual(85);
    }
    expect(account.calls()).toHaveLength(1);
  });

  it('is tried again when the time is over, not before, and recovers', async () => {
    const account = await scene.connect();
    await account.expire();
    throttle(account, '3');
    expect((await account.fetch()).status).toBe(503);
    scene.provider.faults.clear();
    const reply = await vi.waitFor(
      async () => {
        const one = await account.fetch();
        expect(one.status, one.text).toBe(200);
        return one;
      },
      { timeout: PATIENCE_MS, interval: 100 },
    );
    const [refused, renewed, ...more] = account.calls();
    expect(more).toEqual([]);
    expect(renewed).toMatchObject({ refreshToken: account.refreshToken, verdict: 'fresh' });
    expect((renewed?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(3000);
    expect(reply.body.access_token).toBe(renewed?.accessToken);
    expect(await account.show()).toMatchObject({ status: 'active', degraded_since: null });
  });
});
