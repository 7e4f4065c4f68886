/**
 * Refreshes that nobody asks for: where they are planned, and that the alarm makes them. The tests wait for the
 * shortest cycle there is, 30 s, and run side by side.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { refreshScene, retryAfterS, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const scene = refreshScene({ server: { accessTokenTtlS: 3600 }, sideBySide: true });

async function nextInS(account: Account): Promise<number> {
  return (Date.parse((await account.show()).next_refresh_at) - Date.now()) / 1000;
}

describe.concurrent('the plan', () => {
  it('of a first refresh lies in 30 to 90 % of the lifetime, spread', async () => {
    const plans: number[] = [];
    for (let batch = 0; batch < 8; batch += 1) {
      const accounts = await Promise.all(
        Array.from({ length: 5 }, () => scene.connect({ rotation: 'proactive' })),
      );
      for (const account of accounts) plans.push((await nextInS(account)) / 3600);
    }
    expect(Math.min(...plans)).toBeGreaterThan(0.29);
    expect(Math.max(...plans)).toBeLessThanOrEqual(0.9);
    // Of 40 uniform draws one falls into each outer quarter but for once in fifty thousand runs.
    expect(Math.min(...plans)).toBeLessThan(0.45);
    expect(Math.max(...plans)).toBeGreaterThan(0.75);
  });

  it('of a later one lies in 65 to 90 %', async () => {
    const accounts = await Promise.all(
      Array.from({ length: 10 }, () => scene.connect({ rotation: 'proactive' })),
    );
    for (const account of accounts) {
      expect((await account.act('refresh')).status).toBe(200);
      const share = (await nextInS(account)) / 3600;
      expect(share).toBeGreaterThan(0.64);
      expect(share).toBeLessThanOrEqual(0.9);
    }
  });

  it('leaves the last minute of a token of more than five', async () => {
    const accounts = await Promise.all(
      Array.from({ length: 10 }, () => scene.connect({ rotation: 'proactive', ttlS: 330 })),
    );
    for (const account of accounts) expect(await nextInS(account)).toBeLessThanOrEqual(270);
  });

  it('on demand is a heartbeat within 26 h and nothing else', async () => {
    const account = await scene.connect({ rotation: 'on_demand', ttlS: 600 });
    const hours = (await nextInS(account)) / 3600;
    expect(hours).toBeGreaterThan(1.9);
    expect(hours).toBeLessThanOrEqual(26);
  });

  it('of an account that is not active, or has nothing to renew by, is none', async () => {
    const [disabled, fixed] = await Promise.all([
      scene.connect({ rotation: 'proactive' }),
      scene.connect({ rotation: 'proactive', renewable: false }),
    ]);
    await disabled.act('disable');
    expect((await disabled.show()).next_refresh_at).toBeNull();
    expect((await fixed.show()).next_refresh_at).toBeNull();
    await disabled.act('enable');
    expect(await nextInS(disabled)).toBeGreaterThan(0);
  });
});

/** Lets the server give this account tokens of so many seconds. */
async function shortLived(ttlS: number, rotation: string): Promise<Account> {
  const account = await scene.connect({ rotation, ttlS });
  scene.provider.faults.when((call) => call.grantId === account.grantId, {
    settings: { accessTokenTtlS: ttlS },
  });
  return account;
}

describe.concurrent('the alarm', () => {
  it.each(['proactive', 'idle_after:7d'])(
    'renews a 40 s token again and again before it ends, and nobody asks (%s)',
    async (rotation) => {
      const account = await shortLived(40, rotation);
      let endsAtMs = Date.parse((await account.show()).expires_at);
      for (const count of [1, 2]) {
        await vi.waitFor(() => expect(account.calls()).toHaveLength(count), {
          timeout: PATIENCE_MS,
          interval: 250,
        });
        const call = account.calls()[count - 1];
        expect(call?.at).toBeLessThan(endsAtMs);
        await vi.waitFor(
          async () => {
            const { expires_at, last_attempt } = await account.show();
            expect(last_attempt).toMatchObject({ trigger: 'proactive', outcome: 'refreshed' });
            expect(Date.parse(expires_at)).toBeGreaterThan(endsAtMs);
            endsAtMs = Date.parse(expires_at);
          },
          { timeout: PATIENCE_MS, interval: 100 },
        );
      }
      const [first, second] = account.calls();
      expect(second).toMatchObject({ verdict: 'fresh', refreshToken: first?.newRefreshToken });
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(29_500);
      expect((await account.fetch()).body.access_token).toBe(second?.accessToken);
    },
  );

  it('never turns faster than once in 30 s, however short the tokens are', async () => {
    const account = await shortLived(6, 'proactive');
    const startedAtMs = Date.now();
    await sleep(50_000);
    expect(account.calls()).toHaveLength(1);
    expect((account.calls()[0]?.at ?? 0) - startedAtMs).toBeGreaterThan(28_000);
    // In between it is renewed for who asks.
    const reply = await account.fetch();
    expect([reply.status, account.calls().length]).toEqual([200, 2]);
  });

  it('calls nobody for an account on demand, nor for a disabled one', async () => {
    const [onDemand, disabled] = await Promise.all([
      shortLived(40, 'on_demand'),
      shortLived(40, 'proactive'),
    ]);
    await disabled.act('disable');
    await sleep(45_000);
    expect([...onDemand.calls(), ...disabled.calls()]).toEqual([]);
    await disabled.act('enable');
    expect((await disabled.fetch()).status).toBe(200);
  });
});

describe.concurrent('an API that refuses one fresh token after the other', () => {
  it('ends the refreshes for its reports, shows in the account, and leaves others served', async () => {
    const account = await scene.connect();
    // Tokens born within a second of one another count as one.
    await sleep(1500);
    for (const count of [1, 2]) {
      const { fingerprint } = (await account.fetch()).body;
      await vi.waitFor(
        async () => {
          const reply = await account.fetch(`?rejected=${fingerprint}`);
          expect(reply.status).toBe(200);
        },
        { timeout: PATIENCE_MS, interval: 1000 },
      );
      expect(account.calls()).toHaveLength(count);
    }
    expect((await account.show()).degraded_since).toBeNull();
    const third = await account.fetch();
    const held = await vi.waitFor(
      async () => {
        const reply = await account.fetch(`?rejected=${third.body.fingerprint}`);
        expect(retryAfterS(reply)).toBeGreaterThan(60);
        return reply;
      },
      { timeout: PATIENCE_MS, interval: 1000 },
    );
    expect([held.status, held.body.code]).toEqual([503, 'provider_unavailable']);
    expect(retryAfterS(held)).toBeGreaterThan(14 * 60);
    expect(retryAfterS(held)).toBeLessThanOrEqual(15 * 60);
    expect(account.calls()).toHaveLength(2);
    const shown = await account.show();
    expect(shown.status).toBe('active');
    expect(shown.degraded_since).not.toBeNull();
    expect((await account.fetch()).body.access_token).toBe(third.body.access_token);
  });
});
