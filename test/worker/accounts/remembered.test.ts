/** What an account's object keeps of its rows in memory: after each write it is what another object would read. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccountStore } from '#accounts/store.ts';
import {
  connected,
  context,
  expired,
  fault,
  http,
  must,
  newConnection,
  newGrant,
  release,
  remove,
  right,
  rows,
  stub,
  tamper,
} from './world.ts';

/** Writes after which something was kept, and those of them where it was not what the rows say. */
const seen = { kept: 0, wrong: [] as unknown[] };

/** Asks after each transaction what the store remembers, and what another store reads from the same rows. */
function watch(): void {
  const { saveAccount, transaction } = AccountStore.prototype;
  const keys = new WeakMap<AccountStore, Uint8Array>();
  vi.spyOn(AccountStore.prototype, 'saveAccount').mockImplementation(function (this: AccountStore, mac, row) {
    keys.set(this, mac);
    saveAccount.call(this, mac, row);
  });
  vi.spyOn(AccountStore.prototype, 'transaction').mockImplementation(function <T>(
    this: AccountStore,
    fn: () => T,
  ): T {
    const isOuter = !this.isWriting;
    const result = transaction.call(this, fn) as T;
    const mac = keys.get(this);
    if (!isOuter || mac === undefined || this.keyMaterial() === null) return result;
    const other = new AccountStore({
      sql: (this as unknown as { sql: SqlStorage }).sql,
    } as DurableObjectStorage);
    try {
      const [remembered, read] = [this.state(mac), other.state(mac)];
      seen.kept += 1;
      if (JSON.stringify(remembered) !== JSON.stringify(read)) seen.wrong.push({ remembered, read });
    } catch (error) {
      seen.wrong.push(String(error));
    }
    return result;
  });
}

beforeEach(() => {
  Object.assign(seen, { kept: 0, wrong: [] });
  watch();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('what is remembered of an account', () => {
  it('is what the rows say through refreshes that succeed, fail and are forced', async () => {
    const account = await expired();
    await release(account.id);
    await fault(account.grant.grantId, { status: 503 }, 1);
    right(await stub(account.id).expire({ context }));
    await release(account.id);
    await tamper(account.id, 'UPDATE timer SET due_at_ms = due_at_ms');
    await release(account.id);
    await must(http('POST', `/v1/connected-accounts/${account.id}/refresh`), 200, 502, 503, 429);
    expect(seen.wrong).toEqual([]);
    expect(seen.kept).toBeGreaterThanOrEqual(6);
  });

  it('is what the rows say when the grant has died', async () => {
    const account = await expired();
    await fault(account.grant.grantId, { status: 400, body: { error: 'invalid_grant' } } as never, 1);
    await release(account.id);
    expect(seen.wrong).toEqual([]);
    expect(seen.kept).toBeGreaterThanOrEqual(2);
  });

  it('is what the rows say through narrowed tokens', async () => {
    const account = await expired({ accessTokenTtlS: null });
    await release(account.id);
    const [scope] = (account.grant.scope ?? '').split(' ');
    await release(account.id, { scopes: [scope ?? ''] });
    await release(account.id, { scopes: [scope ?? ''] });
    expect(seen.wrong).toEqual([]);
    expect(seen.kept).toBeGreaterThanOrEqual(2);
  });

  it('is what the rows say through changes, imports over it, its end and a new life', async () => {
    const connection = await newConnection();
    const account = await connected({ connection });
    const one = `/v1/connected-accounts/${account.id}`;
    await must(http('PATCH', one, { metadata: { team: 'a', nested: { deep: [1, null] } } }), 200);
    await must(http('POST', `${one}/disable`), 200);
    await must(http('POST', `${one}/enable`), 200);
    const put = async (...statuses: number[]) => {
      const { refreshToken } = await newGrant();
      const credential = { refresh_token: refreshToken };
      const query = `identifier=${account.identifier}`;
      return must(http('PUT', `/v1/credentials/${connection}?${query}`, credential), ...statuses);
    };
    right(await stub(account.id).expire({ context }));
    const [first] = await Promise.all([put(200), release(account.id)]);
    expect(first.id).toBe(account.id);
    await must(http('POST', `${one}/revoke`), 200, 202);
    await put(200);
    const [{ n: before } = { n: 0 }] = await rows(account.id, 'SELECT generation_counter AS n FROM account');
    await remove(account.id);
    await put(201);
    const [{ n: after } = { n: 0 }] = await rows(account.id, 'SELECT generation_counter AS n FROM account');
    expect(Number(after)).toBeGreaterThan(Number(before));
    await release(account.id);
    expect(seen.wrong).toEqual([]);
    expect(seen.kept).toBeGreaterThanOrEqual(10);
  });
});
