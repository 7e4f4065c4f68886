/** Older rows that are put back whole, with the MAC that they had: each is authentic by itself, and refused all the same. */

import { describe, expect, it } from 'vitest';
import {
  connected,
  context,
  evict,
  http,
  must,
  newGrant,
  release,
  right,
  rows,
  stub,
  withStorage,
} from './world.ts';

type Stored = Record<string, string | number | null>;

const TABLES = ['account', 'connection_copy', 'grant_row', 'narrowed_token'] as const;

async function copy(id: string, table: string): Promise<Stored[]> {
  return rows(id, `SELECT * FROM ${table}`);
}

async function putBack(id: string, table: string, older: readonly Stored[]): Promise<void> {
  await withStorage(id, ({ sql }) => {
    const there = sql.exec('SELECT name FROM sqlite_master WHERE name = ?', table).toArray();
    if (there.length > 0) sql.exec(`DELETE FROM ${table}`);
    for (const row of older) {
      const names = Object.keys(row);
      sql.exec(
        `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        ...Object.values(row),
      );
    }
  });
  await evict(id);
}

/** An account that goes on from its first grant to a second one; every table as it was before. */
async function goneOn() {
  const { id, connection, identifier } = await connected();
  const older = new Map<string, Stored[]>();
  for (const table of TABLES) older.set(table, await copy(id, table));
  const grant = await newGrant();
  const credential = {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 600,
    verify: false,
  };
  await must(http('PUT', `/v1/credentials/${connection}?identifier=${identifier}`, credential), 200);
  return { id, older, token: grant.accessToken };
}

describe('an older row that is put back', () => {
  it.each(['account', 'grant_row'])('of %s is refused, and nothing is overwritten', async (table) => {
    const { id, older } = await goneOn();
    await putBack(id, table, older.get(table) ?? []);
    expect((await release(id)).code).toBe('record_corrupt');
    expect(await copy(id, table)).toEqual(older.get(table));
  });

  it('that undoes a revocation brings nothing back', async () => {
    const { id } = await connected();
    const account = await copy(id, 'account');
    const grants = await copy(id, 'grant_row');
    right(await stub(id).signal({ signal: 'revoked', context }));
    await putBack(id, 'account', account);
    await putBack(id, 'grant_row', grants);
    expect((await release(id)).code).toBe('record_corrupt');
  });

  it('that undoes a pause by the operator brings nothing back', async () => {
    const { id } = await connected();
    const account = await copy(id, 'account');
    right(await stub(id).signal({ signal: 'disabled', context }));
    await putBack(id, 'account', account);
    expect((await release(id)).code).toBe('record_corrupt');
  });

  it('is noticed by its absence too: a seal that was taken away is no seal', async () => {
    const { id } = await connected();
    await putBack(id, 'row_seal', []);
    expect((await release(id)).code).toBe('record_corrupt');
  });

  it('is not what an untouched account is: it wakes and serves', async () => {
    const { id, token } = await goneOn();
    await evict(id);
    expect((await release(id)).token).toBe(token);
  });
});
