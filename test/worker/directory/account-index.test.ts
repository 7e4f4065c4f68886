/** The index of accounts: rows come from objects, may come twice or late, and never bring an older state back. */

import { beforeEach, describe, expect, it } from 'vitest';
import { countAccounts, deleteAccountIndex, upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { accountRow } from './account-row.ts';
import { db, downDatabase } from './world.ts';

async function stored(id = 'ca_1'): Promise<Record<string, unknown> | null> {
  return db.prepare('SELECT * FROM account_index WHERE id = ?').bind(id).first();
}

beforeEach(async () => {
  await db.prepare('DELETE FROM account_index').run();
});

describe('a row of the index', () => {
  it('holds what the object said', async () => {
    await upsertAccountIndex(
      db,
      accountRow({ organization: 'acme', statusReason: 'r', expiresAtMs: 5, subject: 's', kid: 'k1' }),
    );
    expect(await stored()).toEqual({
      id: 'ca_1',
      connection: 'one',
      provider: 'hubspot',
      identifier: 'user_1',
      organization: 'acme',
      status: 'active',
      status_reason: 'r',
      status_since_ms: 1,
      subject: 's',
      subject_label: null,
      credential_type: 'oauth2',
      scopes: '["a","b"]',
      expires_at_ms: 5,
      metadata: '{"note":"ü"}',
      resource: null,
      kid: 'k1',
      created_at_ms: 1,
      updated_at_ms: 10,
      indexed_at_ms: 11,
      beat_at_ms: 11,
      beats: 0,
    });
  });

  it('is a sign of life, and keeps what it does not say about beats', async () => {
    await upsertAccountIndex(db, accountRow({ beats: true, indexedAtMs: 50 }));
    expect(await stored()).toMatchObject({ beats: 1, beat_at_ms: 50 });
    await upsertAccountIndex(db, accountRow({ updatedAtMs: 20, indexedAtMs: 60 }));
    expect(await stored()).toMatchObject({ beats: 1, beat_at_ms: 60 });
    await upsertAccountIndex(db, accountRow({ updatedAtMs: 30, indexedAtMs: 40, beats: false }));
    expect(await stored()).toMatchObject({ beats: 0, beat_at_ms: 60, indexed_at_ms: 40 });
  });

  it('is replaced by a newer one and by one of the same instant, never by an older one', async () => {
    await upsertAccountIndex(db, accountRow({ status: 'active', updatedAtMs: 10 }));
    await upsertAccountIndex(
      db,
      accountRow({ status: 'disabled', updatedAtMs: 20, scopes: [], expiresAtMs: 7 }),
    );
    expect(await stored()).toMatchObject({
      status: 'disabled',
      scopes: '[]',
      expires_at_ms: 7,
      updated_at_ms: 20,
    });
    await upsertAccountIndex(db, accountRow({ status: 'pending', updatedAtMs: 19 }));
    expect(await stored()).toMatchObject({ status: 'disabled', updated_at_ms: 20 });
    await upsertAccountIndex(db, accountRow({ status: 'revoked', updatedAtMs: 20 }));
    expect(await stored()).toMatchObject({ status: 'revoked' });
  });

  it('is counted with its connection until it is deleted, twice if need be', async () => {
    await upsertAccountIndex(db, accountRow({ id: 'ca_1' }));
    await upsertAccountIndex(db, accountRow({ id: 'ca_2' }));
    await upsertAccountIndex(db, accountRow({ id: 'ca_3', connection: 'two' }));
    expect(await countAccounts(db, 'one')).toBe(2);
    await deleteAccountIndex(db, 'ca_1');
    await deleteAccountIndex(db, 'ca_1');
    expect(await countAccounts(db, 'one')).toBe(1);
    expect(await countAccounts(db, 'none')).toBe(0);
  });

  it('that cannot be written is told to the object, which tries again', async () => {
    await expect(upsertAccountIndex(downDatabase(), accountRow())).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(deleteAccountIndex(downDatabase(), 'ca_1')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
