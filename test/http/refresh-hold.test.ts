/**
 * In doubt at a provider that may be strict: nothing presents the old refresh token while the access token lives, long
 * after every shorter pause is over, and a grace that has run out is such doubt too. The tests wait side by side.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { refreshScene, retryAfterS, type Account } from './refresh-scene.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const GRACE_S = 60;
const LIFE_S = 4 * 3600;

const scene = refreshScene({
  server: { accessTokenTtlS: LIFE_S, graceS: GRACE_S },
  settings: { EXCHANGE_BUDGET_MS: '3000' },
  sideBySide: true,
});

/** The next answer about this account is lost after the provider has rotated; those that follow never arrive there. */
function breakAfterOne(account: Account): () => void {
  let count = 0;
  const end = [
    scene.provider.faults.when((call) => call.grantId === account.grantId && (count += 1) === 1, {
      dropAfter: true,
    }),
    scene.provider.faults.when((call) => call.grantId === account.grantId, { dropBefore: true }),
  ];
  return () => end.forEach((one) => one());
}

describe.concurrent('an account in doubt', () => {
  it('sends nothing, whatever the trigger, when the pause of 30 s after the last refresh is over', async () => {
    const account = await scene.connect();
    breakAfterOne(account);
    await account.act('refresh');
    expect((await account.show()).in_doubt_since).not.toBeNull();
    await sleep(31_000);
    const living = await account.fetch('?min_ttl=3600');
    expect([living.status, living.body.access_token]).toEqual([200, account.accessToken]);
    for (const reply of [
      await account.fetch(`?rejected=${living.body.fingerprint}`),
      await account.act('refresh'),
    ]) {
      expect([reply.status, reply.body.code]).toEqual([503, 'provider_unavailable']);
      expect(retryAfterS(reply)).toBeGreaterThanOrEqual(1);
    }
    expect(account.calls()).toHaveLength(1);
    // Who reported the token as rejected is refused; the others go on.
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);
  });

  it('keeps the doubt over a restart of nothing but time: it is shown with the same instant', async () => {
    const account = await scene.connect();
    breakAfterOne(account);
    await account.act('refresh');
    const { in_doubt_since, degraded_since } = await account.show();
    await sleep(20_000);
    expect(await account.show()).toMatchObject({ in_doubt_since, degraded_since, status: 'active' });
  });
});

describe.concurrent('a grace', () => {
  it('is used by backoff while it lasts; when it is over the token is held, and the account says so', async () => {
    const account = await scene.connect({
      config: { refresh_token: 'rotating', refresh_reuse_grace_s: GRACE_S },
    });
    const repair = breakAfterOne(account);
    await account.act('refresh');
    expect((await account.show()).in_doubt_since).toBeNull();
    const startedAtMs = account.calls()[0]?.at ?? 0;
    const shown = await vi.waitFor(
      async () => {
        const one = await account.show();
        expect(one.in_doubt_since).not.toBeNull();
        return one;
      },
      { timeout: PATIENCE_MS, interval: 500 },
    );
    expect(Date.now() - startedAtMs).toBeGreaterThan((GRACE_S - 12) * 1000);
    // The instant of the attempt, not of the moment when the grace was over.
    expect(Math.abs(Date.parse(shown.in_doubt_since) - startedAtMs)).toBeLessThan((GRACE_S / 4) * 1000);
    await vi.waitFor(
      async () => {
        const { degraded_since, next_refresh_at } = await account.show();
        expect(degraded_since).not.toBeNull();
        expect(Date.parse(next_refresh_at)).toBeGreaterThan(Date.now() + 3 * 3600_000);
      },
      { timeout: PATIENCE_MS, interval: 500 },
    );
    const calls = account.calls();
    // The first retry is quick, and none comes so late that the grace could be over when it arrives.
    expect(calls.length).toBeGreaterThanOrEqual(3);
    expect((calls[1]?.at ?? 0) - startedAtMs).toBeLessThan((GRACE_S / 4) * 1000);
    expect((calls.at(-1)?.at ?? 0) - startedAtMs).toBeLessThan((GRACE_S - 9) * 1000);
    expect((await account.fetch()).body.access_token).toBe(account.accessToken);

    repair();
    await sleep(Math.max(0, startedAtMs + (GRACE_S + 1) * 1000 - Date.now()));
    await account.expire();
    // So many failures in a minute are an outage of its connection, whose next probe is up to half a minute away.
    await vi.waitFor(
      async () => {
        const { status, body } = await account.fetch();
        expect([status, body.reason]).toEqual([409, 'rotation_response_lost']);
      },
      { timeout: PATIENCE_MS, interval: 1_000 },
    );
    expect(account.calls()).toHaveLength(calls.length + 1);
  });

  it('of less than a minute counts as none', async () => {
    const account = await scene.connect({
      config: { refresh_token: 'rotating', refresh_reuse_grace_s: GRACE_S - 1 },
    });
    breakAfterOne(account);
    await account.act('refresh');
    expect((await account.show()).in_doubt_since).not.toBeNull();
    await sleep(5000);
    expect(account.calls()).toHaveLength(1);
  });

  it('that the operator calls unverified counts as none, and so does a rotation that nobody knows of', async () => {
    const [unverified, unknown] = await Promise.all([
      scene.connect({
        config: {
          refresh_token: 'rotating',
          refresh_reuse_grace_s: GRACE_S,
          refresh_reuse_grace_verified: false,
        },
      }),
      scene.connect({ config: { refresh_token: null } }),
    ]);
    for (const account of [unverified, unknown]) {
      breakAfterOne(account);
      await account.act('refresh');
      expect((await account.show()).in_doubt_since).not.toBeNull();
    }
    await sleep(5000);
    expect([unverified.calls().length, unknown.calls().length]).toEqual([1, 1]);
  });
});
