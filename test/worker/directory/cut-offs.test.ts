/** The isolate's list of what must hold within a second: how old it may be, and what happens while D1 is away. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertAccountIndex } from '#directory/account-index.ts';
import { buriedAccounts, cutOffs, forgetCutOffs } from '#directory/cut-offs.ts';
import { deleteConnection } from '#directory/connection-changes.ts';
import { createConnection } from '#directory/connections.ts';
import { accountRow } from './account-row.ts';
import { asAnotherIsolate, configWith, db, draft, emptyVault, masterKey } from './world.ts';

const config = () => configWith(ring);
const ring = `k1:${masterKey()}`;
const work: Promise<unknown>[] = [];
const later = (one: Promise<unknown>) => void work.push(one);

beforeEach(async () => {
  await emptyVault();
  await db.batch([db.prepare('DELETE FROM account_index'), db.prepare('DELETE FROM connection_grave')]);
  await createConnection(config(), draft('open'), 1);
  await createConnection(config(), draft('closed', { tokenAccess: 'proxy_only' }), 1);
});

/** A database that answers like the real one, counts, and can be made to fail or to hang. */
function flaky() {
  const state = { questions: 0, mode: 'up' as 'up' | 'down' | 'silent' };
  const database = {
    ...asAnotherIsolate(),
    batch: (list: D1PreparedStatement[]) => {
      state.questions += 1;
      if (state.mode === 'down') return Promise.reject(new Error('D1_ERROR: Network connection lost.'));
      return state.mode === 'silent' ? new Promise<never>(() => undefined) : db.batch(list);
    },
  } as unknown as D1Database;
  return { state, database };
}

describe('the list of cut-offs', () => {
  it('holds closed connections, and deleted ones with when', async () => {
    await upsertAccountIndex(db, accountRow({ id: 'ca_1', connection: 'open', createdAtMs: 5 }));
    const deletedAtMs = Date.now();
    await deleteConnection(config(), 'open', true, deletedAtMs);
    expect(await cutOffs(asAnotherIsolate(), later)).toEqual({
      proxyOnly: [{ connection: 'closed', version: 1 }],
      deleted: [{ connection: 'open', version: 1, deletedAtMs }],
    });
    expect(await buriedAccounts(db, null, '', 10)).toEqual([
      { accountId: 'ca_1', connection: 'open', version: 1, deletedAtMs },
    ]);
    expect(await buriedAccounts(db, 'closed', '', 10)).toEqual([]);
  });

  it('is read once for many, and asked for anew by whoever has changed something here', async () => {
    const { state, database } = flaky();
    await cutOffs(database, later);
    for (let n = 0; n < 50; n += 1) expect(cutOffs(database, later)).not.toBeInstanceOf(Promise);
    expect(state.questions).toBe(1);
    forgetCutOffs(database);
    await cutOffs(database, later);
    expect(state.questions).toBe(2);
  });

  it('is null where there never was one, and is not waited for again and again', async () => {
    const { state, database } = flaky();
    state.mode = 'silent';
    expect(await cutOffs(database, later)).toBeNull();
    expect(cutOffs(database, later)).toBeNull();
    expect(state.questions).toBe(1);
  });

  it('is the last known one while the directory is down', async () => {
    const { state, database } = flaky();
    const before = await cutOffs(database, later);
    state.mode = 'down';
    const deadline = Date.now() + 5_000;
    // Until the list is too old to be used without asking, and has been asked for in vain.
    while (state.questions < 3 && Date.now() < deadline) {
      expect(await cutOffs(database, later)).toEqual(before);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(state.questions).toBeGreaterThanOrEqual(3);
    expect(await cutOffs(database, later)).toEqual(before);
  });
});
