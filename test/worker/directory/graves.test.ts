/** Graves of deleted connections: looked at until all their accounts have been told, and not for ever. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { deleteConnection } from '#directory/connections/connection-changes.ts';
import { createConnection } from '#directory/connections/connections.ts';
import { cutOffs } from '#directory/revocations/cut-offs.ts';
import { buriedAccounts, endGraves, YOUNG_GRAVE_MS } from '#directory/graves.ts';
import { accountRow } from './account-row.ts';
import { asAnotherIsolate, configWith, db, draft, emptyVault, masterKey } from './world.ts';

const config = () => configWith(ring);
const ring = `k1:${masterKey()}`;
const later = () => undefined;
const DELETED_AT = 1_000_000_000_000;
const OLD = DELETED_AT + YOUNG_GRAVE_MS;

beforeEach(async () => {
  await emptyVault();
  await db.batch([
    db.prepare('DELETE FROM account_index'),
    db.prepare('DELETE FROM connection_grave'),
    db.prepare('DELETE FROM grave_told'),
  ]);
});

const account = (id: string, changed: { createdAtMs?: number; updatedAtMs?: number } = {}) =>
  upsertAccountIndex(db, accountRow({ id, connection: 'gone', createdAtMs: 5, updatedAtMs: 5, ...changed }));

/** As a directory of the time before graves were ended holds it. */
const grave = (id: string) =>
  db
    .prepare('INSERT INTO connection_grave (id, version, deleted_at_ms) VALUES (?, 1, ?)')
    .bind(id, DELETED_AT)
    .run();

const told = (...ids: string[]) =>
  ids.map((accountId) => ({ accountId, connection: 'gone', version: 1, createdAtMs: 5 }));

const listed = async () =>
  (await cutOffs(asAnotherIsolate(), later))?.deleted.map(({ connection }) => connection);

describe('a grave', () => {
  it('is looked at while it is young, or an account of it has not been told', async () => {
    await grave('gone');
    await account('ca_1');
    await account('ca_2');
    expect(await endGraves(db, told('ca_1'), OLD)).toBe(0);
    expect(await listed()).toEqual(['gone']);
    expect(await endGraves(db, told('ca_2'), OLD - 1)).toBe(0);
    expect(await listed()).toEqual(['gone']);
    expect(await endGraves(db, [], OLD)).toBe(1);
    expect(await listed()).toEqual([]);
    expect(await buriedAccounts(db, null, null, 10)).toEqual([]);
  });

  it('is opened again by an account that the index has not known, and by no other', async () => {
    await grave('gone');
    await account('ca_1');
    await endGraves(db, told('ca_1'), OLD);
    await account('ca_1', { updatedAtMs: 9 });
    await account('ca_later', { createdAtMs: DELETED_AT + 60_001 });
    expect(await listed()).toEqual([]);
    await account('ca_2');
    expect(await listed()).toEqual(['gone']);
    expect((await buriedAccounts(db, null, null, 10)).map(({ accountId }) => accountId)).toEqual([
      'ca_1',
      'ca_2',
    ]);
  });

  it('is opened again when the next connection of its id is deleted', async () => {
    await grave('gone');
    await endGraves(db, [], OLD);
    await createConnection(config(), draft('gone'), OLD);
    await deleteConnection(config(), 'gone', true, OLD + 1);
    expect(await listed()).toEqual(['gone']);
  });

  it('is told to each account once, a page at a time, however many runs it takes', async () => {
    await grave('gone');
    await grave('also');
    const ids = Array.from({ length: 25 }, (_, n) => `ca_${n}`);
    for (const [n, id] of ids.entries())
      await upsertAccountIndex(
        db,
        accountRow({ id, connection: n % 2 === 0 ? 'gone' : 'also', createdAtMs: n % 5, updatedAtMs: 5 }),
      );
    const seen: string[] = [];
    for (let run = 0; run < 3; run += 1) {
      // Two pages a run, then the run has used what it may.
      const first = await buriedAccounts(db, null, null, 5);
      const second = await buriedAccounts(db, null, first.at(-1) ?? null, 5);
      seen.push(...[...first, ...second].map(({ accountId }) => accountId));
      await endGraves(db, [...first, ...second], OLD);
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
    expect(await listed()).toEqual([]);
    expect(await db.prepare('SELECT * FROM grave_told').all()).toMatchObject({ results: [] });
  });

  it('is told anew to an account that lives again, and when its connection is deleted again', async () => {
    await grave('gone');
    await account('ca_1');
    await endGraves(db, told('ca_1'), OLD - 1);
    expect(await buriedAccounts(db, null, null, 10)).toEqual([]);
    await account('ca_1', { createdAtMs: 6, updatedAtMs: 6 });
    expect(await buriedAccounts(db, null, null, 10)).toHaveLength(1);
    await endGraves(db, await buriedAccounts(db, null, null, 10), OLD - 1);
    await db.prepare('UPDATE connection_grave SET version = 2').run();
    expect(await buriedAccounts(db, null, null, 10)).toHaveLength(1);
  });

  it('costs a page of its accounts what the page holds, however many there are', async () => {
    await grave('gone');
    const many = `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
      INSERT INTO account_index (id, connection, provider, identifier, organization, status, status_since_ms,
        credential_type, scopes, metadata, created_at_ms, updated_at_ms, indexed_at_ms)
      SELECT 'ca_' || n, 'gone', 'p', 'u', '', 'active', 1, 'oauth2', '[]', '{}',
        CASE WHEN n % 2 = 0 THEN n ELSE ${DELETED_AT + 60_001} END, 1, 1 FROM n`;
    await db.prepare(many).run();
    let read = 0;
    const counting = {
      prepare: (sql: string) => ({
        bind: (...values: unknown[]) => ({
          all: async () => {
            const found = await db
              .prepare(sql)
              .bind(...values)
              .all();
            read += found.meta.rows_read;
            return found;
          },
        }),
      }),
    } as unknown as D1Database;
    const first = await buriedAccounts(counting, null, null, 10);
    const next = await buriedAccounts(counting, null, first.at(-1) ?? null, 10);
    expect([...first, ...next].map(({ createdAtMs }) => createdAtMs)).toEqual(
      Array.from({ length: 20 }, (_, n) => 2 * (n + 1)),
    );
    expect(read).toBeLessThan(200);
  });

  it('that is ended costs the list no row', async () => {
    for (let n = 0; n < 200; n += 1) await grave(`g${n}`);
    let read = 0;
    const counting = {
      ...asAnotherIsolate(),
      batch: async (list: D1PreparedStatement[]) => {
        const results = await db.batch(list);
        for (const { meta } of results) read += meta.rows_read;
        return results;
      },
    } as unknown as D1Database;
    expect((await cutOffs(counting, later))?.deleted).toHaveLength(200);
    expect(read).toBeGreaterThanOrEqual(200);
    expect(await endGraves(db, [], OLD)).toBe(200);
    read = 0;
    expect((await cutOffs({ ...counting } as D1Database, later))?.deleted).toEqual([]);
    expect(read).toBeLessThan(10);
  });

  it('is in the list of a directory that does not know yet which are ended', async () => {
    await grave('gone');
    const older = {
      ...asAnotherIsolate(),
      batch: (list: D1PreparedStatement[]) => db.batch(list),
      prepare: (sql: string) => db.prepare(sql.replaceAll('ended_at_ms', 'not_there_yet')),
    } as unknown as D1Database;
    expect((await cutOffs(older, later))?.deleted.map(({ connection }) => connection)).toEqual(['gone']);
  });
});
