/**
 * Every row of every SQLite file under a folder, as a test compares and searches them: raw bytes of a file may split a
 * value over pages, and a checkpoint moves bytes without changing a row. Reads copies; the folder stays as it is.
 */

import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** By file and table, the rows as JSON, in the order of their keys. The engine's own tables are left out. */
export async function storedRows(folder: string): Promise<Map<string, string[]>> {
  const copy = await mkdtemp(path.join(tmpdir(), 'valetkey-rows-'));
  try {
    await cp(folder, copy, { recursive: true });
    const found = new Map<string, string[]>();
    for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.sqlite')) continue;
      const file = path.join(entry.parentPath, entry.name);
      read(file, (table, rows) => found.set(`${path.relative(copy, file)} ${table}`, rows));
    }
    return found;
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** What SQLite's own check says of every file under a folder: how many there are, and those that are not sound. */
export async function damagedFiles(folder: string): Promise<{ read: number; damaged: string[] }> {
  const copy = await mkdtemp(path.join(tmpdir(), 'valetkey-rows-'));
  try {
    await cp(folder, copy, { recursive: true });
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
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
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
