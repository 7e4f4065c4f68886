/** Graves of deleted connections: looked at until all their accounts have been told, and not for ever. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertAccountIndex } from '#directory/account-index.ts';
import { deleteConnection } from '#directory/connection-changes.ts';
import { createConnection } from '#directory/connections.ts';
import { cutOffs } from '#directory/cut-offs.ts';
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
  await db.batch([db.prepare('DELETE FROM account_index'), db.prepare('DELETE FROM connection_grave')]);
});

const account = (id: string, changed: { createdAtMs?: number; updatedAtMs?: number } = {}) =>
  upsertAccountIndex(db, accountRow({ id, connection: 'gone', createdAtMs: 5, updatedAtMs: 5, ...changed }));

/** As a directory of the time before graves were ended holds it. */
const grave = (id: string) =>
  db
    .prepare('INSERT INTO connection_grave (id, version, deleted_at_ms) VALUES (?, 1, ?)')
    .bind(id, DELETED_AT)
    .run();

const listed = async () =>
  (await cutOffs(asAnotherIsolate(), later))?.deleted.map(({ connection }) => connection);

describe('a grave', () => {
  it('is looked at while it is young, or an account of it has not been told', async () => {
    await grave('gone');
    await account('ca_1');
    await account('ca_2');
    expect(await endGraves(db, ['ca_1', 'ca_2'], OLD - 1)).toBe(0);
    expect(await endGraves(db, ['ca_1'], OLD)).toBe(0);
    expect(await listed()).toEqual(['gone']);
    expect(await endGraves(db, ['ca_1', 'ca_2'], OLD)).toBe(1);
    expect(await listed()).toEqual([]);
    expect(await buriedAccounts(db, null, '', 10)).toEqual([]);
  });

  it('is opened again by an account that the index has not known, and by no other', async () => {
    await grave('gone');
    await account('ca_1');
    await endGraves(db, ['ca_1'], OLD);
    await account('ca_1', { updatedAtMs: 9 });
    await account('ca_later', { createdAtMs: DELETED_AT + 60_001 });
    expect(await listed()).toEqual([]);
    await account('ca_2');
    expect(await listed()).toEqual(['gone']);
    expect((await buriedAccounts(db, null, '', 10)).map(({ accountId }) => accountId)).toEqual([
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
