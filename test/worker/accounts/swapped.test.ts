/**
 * Ciphertexts in the wrong place, under rows whose MAC is right: what is encrypted is bound to its account, grant, field
 * and generation by itself, so that not even a row that the broker wrote could hand it out elsewhere.
 */

import { describe, expect, it } from 'vitest';
import type { GrantRow } from '#accounts/rows.ts';
import { AccountStore, type AccountState } from '#accounts/store.ts';
import { AccountVault } from '#accounts/vault.ts';
import {
  calls,
  config,
  connected,
  context,
  evict,
  fresh,
  http,
  must,
  records,
  release,
  remove,
  request,
  right,
  rows,
  stub,
  view,
  withStorage,
  type Connected,
} from './world.ts';

/** The state as the object reads it; what `change` gives is written with a right MAC. */
async function rewrite(
  id: string,
  change: (state: AccountState) => Partial<GrantRow>,
): Promise<AccountState> {
  const before = await withStorage(id, async (storage) => {
    const store = new AccountStore(storage);
    const opened = await new AccountVault(store, config.masterKeys).open();
    if (!opened.ok || opened.value === null) throw new Error('the account does not open');
    const { mac } = opened.value.key;
    const state = store.state(mac);
    const grant = state?.grants[0];
    if (state === null || grant === undefined) throw new Error('there is no grant');
    store.transaction(() => store.saveGrant(mac, { ...grant, ...change(state) }));
    return state;
  });
  await evict(id);
  return before;
}

const stateOf = (id: string) => rewrite(id, () => ({}));

function flipped(ciphertext: string | null | undefined, at: number): string {
  const text = ciphertext ?? '';
  const place = at < 0 ? text.length + at : at;
  const other = text[place] === 'A' ? 'B' : 'A';
  return text.slice(0, place) + other + text.slice(place + 1);
}

const grantCells = (id: string) =>
  rows(id, 'SELECT access_token, refresh_token, static_fields, captured FROM grant_row');

/** Refused with one record, nothing overwritten, and nobody called. */
async function refused(account: { id: string }, grantId: string | null): Promise<void> {
  const before = await grantCells(account.id);
  const sent = grantId === null ? 0 : (await calls(grantId)).length;
  for (let times = 0; times < 2; times += 1) {
    expect((await release(account.id)).code).toBe('record_corrupt');
    await evict(account.id);
  }
  expect(await grantCells(account.id)).toEqual(before);
  expect((await records(account.id)).at(-1)).toMatchObject({
    action: 'token.issue',
    outcome: 'refused',
    reason: 'record_corrupt',
  });
  expect(await view(account.id)).toMatchObject({ status: 'active' });
  expect(right(await stub(account.id).verifyAudit({}))).toMatchObject({ intact: true });
  if (grantId !== null) expect(await calls(grantId)).toHaveLength(sent);
}

describe('an access token that is not the one of its place', () => {
  it.each<[string, (own: GrantRow, foreign: GrantRow) => string | null]>([
    ['of another account', (_, foreign) => foreign.accessToken],
    ['that is the refresh token of the same grant', (own) => own.refreshToken],
    ['with its first byte changed', (own) => flipped(own.accessToken, 3)],
    ['with its nonce changed', (own) => flipped(own.accessToken, 5)],
    ['with a byte in the middle changed', (own) => flipped(own.accessToken, 40)],
    ['with its tag changed', (own) => flipped(own.accessToken, -5)],
    ['that was cut', (own) => own.accessToken?.slice(0, -2) ?? null],
    ['of an older format', (own) => own.accessToken?.replace(/^e1/, 'e0') ?? null],
    ['that is plain', () => 'plain-access-token'],
    ['that is empty', () => ''],
  ])('%s is refused', async (_, make) => {
    const [account, other] = [await connected(), await connected()];
    const foreign = (await stateOf(other.id)).grants[0];
    await rewrite(account.id, ({ grants: [own] }) => ({
      accessToken: own === undefined || foreign === undefined ? null : make(own, foreign),
    }));
    await refused(account, account.grant.grantId);
    expect((await release(other.id)).token).toBe(other.grant.accessToken);
  });

  it('of an earlier generation is refused', async () => {
    const account = await connected();
    const [first] = (await stateOf(account.id)).grants;
    expect((await stub(account.id).refresh({ context })).ok).toBe(true);
    const [second] = (await stateOf(account.id)).grants;
    expect(second?.generation).toBeGreaterThan(first?.generation ?? Infinity);
    await rewrite(account.id, () => ({ accessToken: first?.accessToken ?? null }));
    await refused(account, account.grant.grantId);
  });

  it('under a generation that was set back is refused', async () => {
    const account = await connected();
    expect((await stub(account.id).refresh({ context })).ok).toBe(true);
    await rewrite(account.id, ({ grants: [own] }) => ({ generation: (own?.generation ?? 0) - 1 }));
    await refused(account, account.grant.grantId);
  });

  it('of the life before the deletion is refused', async () => {
    const account = await connected();
    const [old] = (await stateOf(account.id)).grants;
    await remove(account.id);
    const query = `identifier=${account.identifier}`;
    const body = { refresh_token: account.grant.refreshToken, access_token: account.grant.accessToken };
    await must(http('PUT', `/v1/credentials/${account.connection}?${query}`, body), 201);
    await rewrite(account.id, () => ({
      accessToken: old?.accessToken ?? null,
      generation: old?.generation ?? 0,
    }));
    await refused(account, account.grant.grantId);
  });
});

describe('a refresh token that is not the one of its place', () => {
  it.each<[string, (own: GrantRow, foreign: GrantRow) => string | null]>([
    ['of another account', (_, foreign) => foreign.refreshToken],
    ['that is the access token of the same grant', (own) => own.accessToken],
    ['with a changed byte', (own) => flipped(own.refreshToken, 40)],
    ['that is plain', () => 'plain-refresh-token'],
  ])('%s is never presented, and ends no grant', async (_, make) => {
    const [account, other] = [await connected(), await connected()];
    const foreign = (await stateOf(other.id)).grants[0];
    await rewrite(account.id, ({ grants: [own] }) => ({
      refreshToken: own === undefined || foreign === undefined ? null : make(own, foreign),
    }));
    expect((await release(account.id)).token).toBe(account.grant.accessToken);
    right(await stub(account.id).expire({ context }));
    await corruptRefresh(account);
    expect(await calls(other.grant.grantId)).toEqual([]);
  });

  /** The first caller makes the attempt that finds it out; those in its backoff are told the same. */
  async function corruptRefresh(account: Connected): Promise<void> {
    const [before] = await grantCells(account.id);
    for (let times = 0; times < 2; times += 1) {
      expect((await release(account.id)).code).toBe('record_corrupt');
      await evict(account.id);
    }
    expect((await grantCells(account.id))[0]).toEqual(before);
    expect(await calls(account.grant.grantId)).toEqual([]);
    expect(await view(account.id)).toMatchObject({ status: 'active', in_doubt_since: null });
  }
});

describe('static fields', () => {
  it('of another account are refused', async () => {
    const connection = fresh('static');
    const importOf = (identifier: string, api_key: string) =>
      must(http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, { api_key }), 201);
    const [one, two] = [await importOf('one', 'key-of-one'), await importOf('two', 'key-of-two')];
    const foreign = (await stateOf(two.id)).grants[0];
    await rewrite(one.id, () => ({ staticFields: foreign?.staticFields ?? null }));
    await refused(one, null);
    expect((await release(two.id)).token).toBe('key-of-two');
  });
});

describe('a narrowed token', () => {
  it('under other scopes than it was narrowed to is refused, and the full one is served', async () => {
    const account = await connected({ facts: { refresh_scope_downscoping: 'supported' } });
    const scopes = ['contacts.read'];
    expect((await release(account.id, { scopes })).code).toBe('ok');
    await withStorage(account.id, async (storage) => {
      const store = new AccountStore(storage);
      const opened = await new AccountVault(store, config.masterKeys).open();
      if (!opened.ok || opened.value === null) throw new Error('the account does not open');
      const { mac } = opened.value.key;
      const [row] = store.state(mac)?.narrowed ?? [];
      if (row === undefined) throw new Error('nothing was narrowed');
      store.transaction(() => store.saveNarrowed(mac, { ...row, scopeKey: 'contacts.write' }, 8));
    });
    await evict(account.id);
    expect((await release(account.id, { scopes: ['contacts.write'] })).code).toBe('record_corrupt');
    expect((await release(account.id, { agent: request().agent })).code).toBe('ok');
  });
});
