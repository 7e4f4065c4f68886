/** What the cron run and late alarms cost the directory and the objects, counted. */

import { describe, expect, it } from 'vitest';
import { overdueSpreadMs } from '#accounts/refreshing/provider/connection-watch.ts';
import type { ConnectionSettings } from '#accounts/rows.ts';
import { Subrequests } from '#accounts/clock/subrequests.ts';
import { sweepAll } from '#accounts/clock/sweep.ts';
import { upsertAccountIndex } from '#directory/indexes/account-index.ts';
import type { Config } from '#env.ts';
import { accountRow } from '../directory/account-row.ts';
import { config, fresh, newConnection } from './world.ts';

const db = config.directory;

/** Counts what is asked of D1 and of objects, which answer that they are well. */
function counting() {
  const count = { rows: 0, questions: 0, poked: 0, told: 0 };
  const seen = <T extends { meta: D1Meta }>(result: T): T => {
    count.rows += result.meta.rows_read;
    return result;
  };
  const once = (inner: D1PreparedStatement) => ({
    inner,
    bind: (...values: unknown[]) => once(inner.bind(...values)),
    all: async () => {
      count.questions += 1;
      return seen(await inner.all());
    },
    run: async () => {
      count.questions += 1;
      return seen(await inner.run());
    },
    first: async (name?: string) => {
      count.questions += 1;
      const row = seen(await inner.all<Record<string, unknown>>()).results[0] ?? null;
      return name === undefined || row === null ? row : row[name];
    },
  });
  const directory = {
    prepare: (sql: string) => once(db.prepare(sql)),
    batch: async (list: { inner: D1PreparedStatement }[]) => {
      count.questions += 1;
      return (await db.batch(list.map(({ inner }) => inner))).map(seen);
    },
  };
  const stub = {
    poke: async () => void (count.poked += 1),
    endWith: async () => {
      count.told += 1;
      return { ok: true, value: null };
    },
    takeNews: async () => undefined,
  };
  const accounts = { getByName: () => stub, get: () => stub, idFromName: () => 'id' };
  return { count, config: { ...config, directory, accounts } as unknown as Config };
}

describe('one cron run', () => {
  it('asks no more than its subrequests, whatever waits, and every part of it goes on', async () => {
    const gone = fresh('gone');
    const insert = 'INSERT INTO connection_grave (id, version, deleted_at_ms) VALUES (?, 1, ?)';
    await db.prepare(insert).bind(gone, Date.now()).run();
    for (let n = 0; n < 120; n += 1) {
      await upsertAccountIndex(
        db,
        accountRow({ id: fresh('ca'), connection: gone, createdAtMs: 1, indexedAtMs: 1, beats: true }),
      );
    }
    const { count, config: counted } = counting();
    await sweepAll(counted, Date.now(), new Subrequests(160));
    expect(count.questions + count.poked + count.told).toBeLessThanOrEqual(160);
    expect(count.poked).toBeGreaterThan(0);
    expect(count.told).toBeGreaterThan(0);
    await db.batch([
      db.prepare('DELETE FROM account_index WHERE connection = ?').bind(gone),
      db.prepare('DELETE FROM connection_grave WHERE id = ?').bind(gone),
    ]);
  });
});

describe('late alarms of a connection', () => {
  it('cost one count of its accounts together, not one each', async () => {
    const id = await newConnection();
    for (let n = 0; n < 60; n += 1)
      await upsertAccountIndex(db, accountRow({ id: fresh('ca'), connection: id }));
    const settings = { id, maxRefreshesPerSecond: 1 } as unknown as ConnectionSettings;
    const { count, config: counted } = counting();
    const nowMs = Date.now();
    const spread = await Promise.all(
      Array.from({ length: 60 }, () => overdueSpreadMs(counted, settings, nowMs)),
    );
    // All know the number, and it took rows per alarm, not rows per alarm and account.
    expect(new Set(spread).size).toBe(1);
    expect(spread[0]).toBeGreaterThanOrEqual(60_000);
    expect(count.rows).toBeLessThan(60 * 10);
    await db.prepare('DELETE FROM account_index WHERE connection = ?').bind(id).run();
  });

  it('count anew after five minutes, and when the clock has gone back', async () => {
    const id = await newConnection();
    const settings = { id, maxRefreshesPerSecond: 0.1 } as unknown as ConnectionSettings;
    const nowMs = Date.now();
    const spreadAt = (atMs: number) => overdueSpreadMs(config, settings, atMs);
    const add = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          upsertAccountIndex(db, accountRow({ id: fresh('ca'), connection: id })),
        ),
      );
    await add(10);
    const ten = await spreadAt(nowMs);
    await add(10);
    expect(await spreadAt(nowMs + 300_000)).toBe(ten);
    expect(await spreadAt(nowMs + 300_001)).toBe(2 * ten);
    await add(10);
    expect(await spreadAt(nowMs)).toBe(3 * ten);
    await db.prepare('DELETE FROM account_index WHERE connection = ?').bind(id).run();
  });
});
