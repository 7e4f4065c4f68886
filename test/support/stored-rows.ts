/**
 * Every row of every SQLite file under a folder, as a test compares and searches them: raw bytes of a file may split a
 * value over pages, and a checkpoint moves bytes without changing a row. Reads copies; the folder stays as it is.
 */

import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

/** A file went while the folder was copied: an object that falls asleep merges its log into its file and deletes it. */
const isGone = (error: unknown): boolean => (error as { code?: string }).code === 'ENOENT';

/** Runs `use` on a copy of the folder, which is begun anew until nothing goes from under it. */
async function onCopy<T>(folder: string, use: (copy: string) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const copy = await mkdtemp(path.join(tmpdir(), 'valetkey-rows-'));
    try {
      const copied = await cp(folder, copy, { recursive: true }).then(
        () => true,
        (error: unknown) => {
          if (!isGone(error) || tries >= 20) throw error;
          return false;
        },
      );
      if (copied) return await use(copy);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
    await sleep(100);
  }
}

/** By file and table, the rows as JSON, in the order of their keys. The engine's own tables are left out. */
export function storedRows(folder: string): Promise<Map<string, string[]>> {
  return onCopy(folder, async (copy) => {
    const found = new Map<string, string[]>();
    for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.sqlite')) continue;
      const file = path.join(entry.parentPath, entry.name);
      read(file, (table, rows) => found.set(`${path.relative(copy, file)} ${table}`, rows));
    }
    return found;
  });
}

/** What SQLite's own check says of every file under a folder: how many there are, and those that are not sound. */
export function damagedFiles(folder: string): Promise<{ read: number; damaged: string[] }> {
  return onCopy(folder, async (copy) => {
    const entries = await readdir(copy, { recursive: true, withFileTypes: true });
    const files = entries.filter(({ name }) => name.endsWith('.sqlite'));
    const damaged: string[] = [];
    for (const { name, parentPath } of files) {
      const db = new DatabaseSync(path.join(parentPath, name));
      try {
        const found = db.prepare('PRAGMA integrity_check').all();
        if (found.length !== 1 || found[0]?.['integrity_check'] !== 'ok') damaged.push(name);
      } catch (error) {
        damaged.push(`${name}: ${String(error)}`);
      } finally {
        db.close();
      }
    }
    return { read: files.length, damaged };
  });
}

function read(file: string, take: (table: string, rows: string[]) => void): void {
  const db = new DatabaseSync(file);
  try {
    const tables = db.prepare(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`).all();
    for (const { name } of tables) {
      // Where the engine keeps alarms and its own numbers: not rows of the broker.
      if (typeof name !== 'string' || name.startsWith('_cf_') || name.startsWith('sqlite_')) continue;
      const rows = db.prepare(`SELECT * FROM "${name}"`).all();
      take(name, rows.map((row) => JSON.stringify(row, asText)).toSorted());
    }
  } finally {
    db.close();
  }
}

function asText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? `bytes:${Buffer.from(value).toString('latin1')}` : value;
}
