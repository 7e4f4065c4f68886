/** The isolate's list of what must hold within a second: how old it may be, and what happens while D1 is away. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import { cutOffs, forgetCutOffs } from '#directory/revocations/cut-offs.ts';
import { buriedAccounts } from '#directory/graves.ts';
import { deleteConnection } from '#directory/connections/connection-changes.ts';
import { createConnection } from '#directory/connections/connections.ts';
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
    expect(await buriedAccounts(db, null, null, 10)).toMatchObject([
      { accountId: 'ca_1', connection: 'open', version: 1, deletedAtMs },
    ]);
    expect(await buriedAccounts(db, 'closed', null, 10)).toEqual([]);
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

  it('is asked for once by 500 requests that find none, and each of them gets it', async () => {
    const { state, database } = flaky();
    const got = await Promise.all(Array.from({ length: 500 }, async () => cutOffs(database, later)));
    expect(got.filter((list) => list?.proxyOnly[0]?.connection === 'closed')).toHaveLength(500);
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

/** A directory whose answers come when the test says so, and what each of them shows. */
function gated() {
  const asked: { answer: (closed: string) => void; fail: () => void }[] = [];
  const statement = { bind: () => statement };
  const batch = () =>
    new Promise((resolve, reject) => {
      asked.push({
        answer: (id) => resolve([{ results: [{ id, version: 1 }] }, { results: [] }]),
        fail: () => reject(new Error('D1_ERROR: Network connection lost.')),
      });
    });
  return { asked, database: { prepare: () => statement, batch } as unknown as D1Database };
}

const shows = (closed: string) => ({ proxyOnly: [{ connection: closed, version: 1 }], deleted: [] });

describe('an answer that is slow', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** What the list is now, or `waits` where the request would have to wait. */
  async function seen(list: ReturnType<typeof cutOffs>) {
    return Promise.race([list, vi.advanceTimersByTimeAsync(0).then(() => 'waits')]);
  }

  async function withList(closed: string) {
    const { asked, database } = gated();
    const first = cutOffs(database, later);
    asked[0]?.answer(closed);
    expect(await first).toEqual(shows(closed));
    return { asked, database };
  }

  it('is kept when it comes, though nobody waits for it any more', async () => {
    const { asked, database } = await withList('old');
    await vi.advanceTimersByTimeAsync(5_000);
    const list = cutOffs(database, later);
    expect(await seen(list)).toBe('waits');
    await vi.advanceTimersByTimeAsync(300);
    expect(await list).toEqual(shows('old'));
    // Those who come now do not wait, and ask nothing of their own.
    expect(cutOffs(database, later)).toEqual(shows('old'));
    asked[1]?.answer('new');
    await vi.advanceTimersByTimeAsync(0);
    expect(cutOffs(database, later)).toEqual(shows('new'));
    expect(asked).toHaveLength(2);
  });

  it.each([0, 61_000])(
    'is not taken for none where no list of the last minute stands in (%i ms)',
    async (ms) => {
      const { asked, database } = ms === 0 ? gated() : await withList('old');
      await vi.advanceTimersByTimeAsync(ms);
      const lists = Array.from({ length: 20 }, () => cutOffs(database, later));
      await vi.advanceTimersByTimeAsync(1_900);
      const late = cutOffs(database, later);
      expect(await seen(lists[0] ?? null)).toBe('waits');
      asked.at(-1)?.answer('new');
      expect(await Promise.all([...lists, late])).toEqual(Array.from({ length: 21 }, () => shows('new')));
      expect(asked).toHaveLength(ms === 0 ? 1 : 2);
    },
  );

  it('keeps nobody waiting for a directory that refuses, or has been silent for two seconds', async () => {
    const { asked, database } = gated();
    const refused = cutOffs(database, later);
    asked[0]?.fail();
    expect(await refused).toBeNull();
    expect(cutOffs(database, later)).toBeNull();
    await vi.advanceTimersByTimeAsync(61_000);
    const silent = cutOffs(database, later);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await silent).toBeNull();
    // It is asked again, for the question may have died with its request, and waited for as long as any.
    const again = cutOffs(database, later);
    expect(await seen(again)).toBe('waits');
    await vi.advanceTimersByTimeAsync(300);
    expect(await again).toBeNull();
    expect(cutOffs(database, later)).toBeNull();
    expect(asked).toHaveLength(3);
    asked[2]?.answer('new');
    await vi.advanceTimersByTimeAsync(0);
    expect(cutOffs(database, later)).toEqual(shows('new'));
    // The answer that was given up overtakes nothing.
    asked[1]?.answer('old');
    await vi.advanceTimersByTimeAsync(0);
    expect(cutOffs(database, later)).toEqual(shows('new'));
  });

  it('that was asked for before a change here is not kept, and the last list outlives the change', async () => {
    const { asked, database } = await withList('old');
    await vi.advanceTimersByTimeAsync(1_000);
    const before = cutOffs(database, later);
    forgetCutOffs(database);
    const after = cutOffs(database, later);
    expect(asked).toHaveLength(3);
    asked[1]?.answer('before');
    await before;
    expect(await seen(after)).toBe('waits');
    asked[2]?.fail();
    expect(await after).toEqual(shows('old'));
  });
});
