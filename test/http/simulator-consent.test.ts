/** The simulator as catalogue entries meet it: its consent page, and the values that it makes up for them. */

import { describe, expect, it } from 'vitest';
import { allEntries } from '#dev/simulator/entries/entries.ts';
import { sampleOf } from '#dev/simulator/entries/pattern-sample.ts';
import { ask, jsonOf, refresh, simulate } from './simulator-client.ts';

describe('a consent', () => {
  const asked = (simulator: { client: { clientId: string } }) => ({
    response_type: 'code',
    client_id: simulator.client.clientId,
    redirect_uri: 'http://127.0.0.1:1/back',
    state: 's',
    scope: 'chat:write,users:read',
    account: 'u1',
  });
  const authorize = async (simulator: { origin: string; client: { clientId: string } }, answer?: string) => {
    const url = `${simulator.origin}/slack/authorize?${new URLSearchParams(asked(simulator))}`;
    const sent = answer === undefined ? {} : { method: 'POST', body: new URLSearchParams({ answer }) };
    const page = await fetch(url, { ...sent, redirect: 'manual' });
    return { page, back: new URL(page.headers.get('location') ?? 'none:') };
  };
  const redeem = async (simulator: Awaited<ReturnType<typeof simulate>>, back: URL) => {
    const code = back.searchParams.get('code') ?? '';
    const redirect_uri = 'http://127.0.0.1:1/back';
    const answer = await ask(simulator, 'slack', { grant_type: 'authorization_code', code, redirect_uri });
    return await jsonOf(answer);
  };

  it('is asked for on a page that names client and scopes, and may be refused', async () => {
    const simulator = await simulate();
    const { page } = await authorize(simulator);
    const text = await page.text();
    expect(page.status).toBe(200);
    for (const shown of [simulator.client.clientId, 'chat:write', 'Allow', 'Deny'])
      expect(text).toContain(shown);
    const { back } = await authorize(simulator, 'deny');
    expect(Object.fromEntries(back.searchParams)).toEqual({ state: 's', error: 'access_denied' });
  });

  it('gives each code tokens of its own, that live whatever became of those before', async () => {
    const simulator = await simulate();
    const first = await redeem(simulator, (await authorize(simulator, 'allow')).back);
    const next = await jsonOf(await refresh(simulator, 'slack', String(first['refresh_token'])));
    expect(next['refresh_token']).not.toBe(first['refresh_token']);
    const second = await redeem(simulator, (await authorize(simulator, 'allow')).back);
    expect(second['refresh_token']).not.toBe(first['refresh_token']);
    const used = await refresh(simulator, 'slack', String(second['refresh_token']));
    expect(await jsonOf(used)).toMatchObject({ ok: true });
    expect(simulator.uses.at(-1)).toMatchObject({ account: 'u1', verdict: 'fresh' });
  });

  it('brings a dead grant’s user back, and leaves the dead tokens dead', async () => {
    const simulator = await simulate();
    const { first, family } = simulator.account({ dialect: 'slack', id: 'u1' });
    family.dead = true;
    await redeem(simulator, (await authorize(simulator, 'allow')).back);
    expect(family.dead).toBe(false);
    await refresh(simulator, 'slack', first.refreshToken);
    expect(simulator.uses.at(-1)?.verdict).toBe('dead');
  });

  it('is over for a strict provider when its code comes twice', async () => {
    const simulator = await simulate();
    simulator.account({ dialect: 'slack', id: 'u1', reuse: 'revoke' });
    const { back } = await authorize(simulator, 'allow');
    expect(await redeem(simulator, back)).toMatchObject({ ok: true });
    expect(await redeem(simulator, back)).toMatchObject({ ok: false });
    expect(simulator.accounts.get('u1')?.family.dead).toBe(true);
  });

  it('is for a client that is the same after every start', async () => {
    const one = await simulate();
    const other = await simulate();
    expect(one.client).toEqual(other.client);
  });
});

describe('a value that a simulated provider makes up', () => {
  it.each(
    allEntries().flatMap((entry) =>
      Object.values(entry.url_template_vars).map(({ name, pattern, extract }) => [
        `${entry.id} ${name}`,
        [pattern, ...(extract === undefined ? [] : [extract])],
      ]),
    ),
  )('fits the pattern of %s', (_name, patterns) => {
    for (const pattern of patterns) expect(sampleOf(pattern)).toMatch(new RegExp(pattern));
  });
});
