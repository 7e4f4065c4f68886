/** Counts what the platform bills while some work goes on: rows, alarms and calls of objects, and the directory's rows. */

import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { Agent } from '#agents/agent.ts';
import { ConnectedAccount } from '#accounts/connected-account.ts';
import type { UncheckedEnv } from '#env.ts';
import { withStorage } from './world.ts';

/** What one piece of work takes of each. */
export interface Counted {
  /** Calls of objects, and alarms that rang. */
  readonly objectRequests: number;
  /** In objects, with indexes; each alarm that is set is one. */
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly directoryRowsWritten: number;
  readonly directoryRowsRead: number;
}

/** Questions of the tests themselves, which wait until an object has come to rest. */
const OURS = /^SELECT kind FROM timer WHERE kind IN/;

interface D1Meta {
  readonly meta: { readonly rows_written: number; readonly rows_read: number };
}

/** @param id of an object, whose storage has the prototypes that all have */
export async function counted(id: string, work: () => Promise<unknown>): Promise<Counted> {
  const [sql, storage] = await withStorage(id, (one) => [
    Object.getPrototypeOf(one.sql) as SqlStorage,
    Object.getPrototypeOf(one) as DurableObjectStorage,
  ]);
  const exec = vi.spyOn(sql, 'exec');
  const alarms = vi.spyOn(storage, 'setAlarm');
  const requests = [ConnectedAccount, Agent].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype)
      .filter((name) => name !== 'constructor')
      .map((name) => vi.spyOn(prototype as unknown as Record<string, () => unknown>, name)),
  );
  const directory = meteredDirectory();
  try {
    await work();
    const cursors = exec.mock.results.flatMap(({ value }, n) =>
      OURS.test(String(exec.mock.calls[n]?.[0])) ? [] : [value as SqlStorageCursor<never>],
    );
    const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);
    return {
      objectRequests: sum(requests.map((spy) => spy.mock.calls.length)),
      rowsWritten: sum(cursors.map(({ rowsWritten }) => rowsWritten)) + alarms.mock.calls.length,
      rowsRead: sum(cursors.map(({ rowsRead }) => rowsRead)),
      ...directory.rows(),
    };
  } finally {
    exec.mockRestore();
    alarms.mockRestore();
    for (const spy of requests) spy.mockRestore();
    directory.restore();
  }
}

/** Every way of asking the directory ends in one of these two. */
function meteredDirectory() {
  const db = (env as UncheckedEnv).DB as D1Database;
  const statement = Object.getPrototypeOf(db.prepare('SELECT 1')) as D1PreparedStatement;
  let directoryRowsWritten = 0;
  let directoryRowsRead = 0;
  const note = ({ meta }: D1Meta): void => {
    directoryRowsWritten += meta.rows_written;
    directoryRowsRead += meta.rows_read;
  };
  const originals = { all: statement.all, batch: db.batch };
  const all = async function (this: D1PreparedStatement) {
    const result = await originals.all.call(this);
    note(result as D1Meta);
    return result;
  };
  const spies = [
    vi.spyOn(statement, 'all').mockImplementation(all as never),
    vi.spyOn(statement, 'run').mockImplementation(all as never),
    vi.spyOn(statement, 'first').mockImplementation(async function (
      this: D1PreparedStatement,
      column?: string,
    ) {
      const row = (await all.call(this)).results[0] as Record<string, unknown> | undefined;
      if (row === undefined) return null;
      return column === undefined ? row : row[column];
    } as never),
    vi.spyOn(Object.getPrototypeOf(db) as D1Database, 'batch').mockImplementation(async function (
      this: D1Database,
      statements: D1PreparedStatement[],
    ) {
      const results = await originals.batch.call(this, statements);
      for (const result of results) note(result as D1Meta);
      return results;
    } as never),
  ];
  return {
    rows: () => ({ directoryRowsWritten, directoryRowsRead }),
    restore: () => {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
