/** An administrator at the provider has set less than the provider says: the account learns it from the API's refusals. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { connected, context, http, must, release, right, stub, type Connected } from './world.ts';

afterEach(() => vi.useRealTimers());

const MINUTE = 60_000;

function stopClock(): { pass: (ms: number) => void } {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  return { pass: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

const STATIC = { facts: { refresh_token: 'static' }, accessTokenTtlS: 7200 };

/** The API has just refused the token that the account hands out. */
async function refuse({ id }: Connected): Promise<void> {
  const { fingerprint, code } = await release(id, { minTtlMs: 0, minTtlExplicit: true });
  expect(code).toBe('ok');
  expect((await release(id, { rejected: fingerprint })).code).toBe('ok');
}

const lifeOf = async ({ id }: Connected): Promise<number> =>
  Number((await release(id, { minTtlMs: 0, minTtlExplicit: true })).body.expires_in);

const explained = async ({ id }: Connected) =>
  right(await stub(id).explain({ organization: null, agent: null }));

describe('a token that an API refuses before its end', () => {
  it('twice, at sixteen minutes: from then on tokens are renewed before that, and explain says why', async () => {
    const account = await connected(STATIC);
    const { pass } = stopClock();
    pass(17 * MINUTE);
    await refuse(account);
    expect(await lifeOf(account)).toBeGreaterThan(3500);
    expect((await explained(account)).why).toBe('all is well');
    pass(16 * MINUTE);
    await refuse(account);
    expect(await lifeOf(account)).toBeLessThanOrEqual(16 * 60);
    expect(await lifeOf(account)).toBeGreaterThan(15 * 60);
    const { why, evidence } = await explained(account);
    expect(why).toContain('are taken to live 9');
    expect(why).toContain('access_token_ttl_s');
    expect(evidence).toContain('access_token_lifetime_learnt');
    pass(17 * MINUTE);
    const next = await release(account.id);
    expect(next.code).toBe('ok');
    expect(await lifeOf(account)).toBeLessThanOrEqual(16 * 60);
    // A week later the provider's word counts again.
    pass(8 * 24 * 60 * MINUTE);
    right((await stub(account.id).refresh({ context })) as never);
    expect(await lifeOf(account)).toBeGreaterThan(3500);
    expect((await explained(account)).evidence).not.toContain('access_token_lifetime_learnt');
    expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  });

  it('again and again, however fresh, is not refused for its age: nothing is learnt of it', async () => {
    const account = await connected(STATIC);
    const { pass } = stopClock();
    pass(2 * MINUTE);
    await refuse(account);
    pass(2 * MINUTE);
    await refuse(account);
    expect(await lifeOf(account)).toBeLessThanOrEqual(120);
    pass(1 * MINUTE);
    const { fingerprint } = await release(account.id, { minTtlMs: 0, minTtlExplicit: true });
    expect((await release(account.id, { rejected: fingerprint })).code).toBe('provider_unavailable');
    expect((await explained(account)).evidence).not.toContain('access_token_lifetime_learnt');
  });

  it('is forgotten where an operator says how long it lives', async () => {
    const account = await connected(STATIC);
    const { pass } = stopClock();
    pass(17 * MINUTE);
    await refuse(account);
    pass(17 * MINUTE);
    await refuse(account);
    expect((await explained(account)).evidence).toContain('access_token_lifetime_learnt');
    await must(http('PATCH', `/v1/connected-accounts/${account.id}`, { access_token_ttl_s: 1800 }), 200);
    expect((await explained(account)).evidence).not.toContain('access_token_lifetime_learnt');
  });
});
