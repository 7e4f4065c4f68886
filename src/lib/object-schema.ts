/**
 * Brings an object's SQLite to its schema, and tells what is stored (`table-schema.ts`). Knows no table but its own
 * `schema_version`. Applied inside the caller's transaction, so that a step is there whole or not at all.
 */

import {
  BASE,
  hasTable,
  isNewerMajor,
  NOTHING,
  places,
  versionOf,
  type StoredSchema,
  type TableSchema,
} from './table-schema.ts';

/** The data was written by a newer major: nothing may be read or written, the answer is 503. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

/**
 * Tables that a schema step has made are not there: they were removed from outside, and nothing that is left can be
 * trusted.
 */
export class DamagedSchemaError extends Error {
  override readonly name = 'DamagedSchemaError';
}

/** The object's own tables. The engine's own tables beside them, under any name, say nothing of the object. */
function tablesThere(sql: SqlStorage, schema: TableSchema): ReadonlySet<string> {
  const own = places(schema);
  const rows = sql.exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`).toArray();
  return new Set(rows.map(({ name }) => name).filter((name) => name === 'schema_version' || own.has(name)));
}

/**
 * The schema that is stored. Costs a read for each table.
 * @throws DamagedSchemaError where there are tables and no version
 */
function storedSchema(sql: SqlStorage, schema: TableSchema): StoredSchema {
  return schemaBeside(sql, tablesThere(sql, schema));
}

function schemaBeside(sql: SqlStorage, tables: ReadonlySet<string>): StoredSchema {
  if (tables.size === 0) return NOTHING;
  const rows = tables.has('schema_version')
    ? sql.exec<{ version: number; made?: string | null }>('SELECT * FROM schema_version').toArray()
    : [];
  const [row] = rows;
  if (row === undefined || rows.length !== 1 || !Number.isSafeInteger(row.version) || row.version < 1)
    throw new DamagedSchemaError('internal: the tables have no version');
  const made = typeof row.made === 'string' ? new Set<string>(row.made.split(' ')) : null;
  return { version: row.version, made };
}

/**
 * The schema that is stored, if it is whole.
 * @throws NewerSchemaError when a newer major has written it
 * @throws DamagedSchemaError where a table of it is missing
 */
export function soundSchema(sql: SqlStorage, schema: TableSchema): StoredSchema {
  const tables = tablesThere(sql, schema);
  const stored = schemaBeside(sql, tables);
  if (isNewerMajor(stored.version, versionOf(schema)))
    throw new NewerSchemaError('internal: stored by a newer version');
  if (stored.made !== null && !stored.made.has(BASE))
    throw new DamagedSchemaError('internal: no table was made with the object');
  for (const name of places(schema).keys())
    if (hasTable(schema, stored, name) && !tables.has(name))
      throw new DamagedSchemaError('internal: a table is missing');
  return stored;
}

/**
 * Brings what is stored to the newest step, if it is not further, and makes the tables of `group`.
 * @returns what is stored then
 * @throws NewerSchemaError at a newer major
 */
export function applySchema(sql: SqlStorage, schema: TableSchema, group: string = BASE): StoredSchema {
  const from = storedSchema(sql, schema);
  const version = versionOf(schema);
  if (isNewerMajor(from.version, version)) throw new NewerSchemaError('internal: stored by a newer version');
  const isGrouped = from.version === 0 ? schema.groups !== undefined : from.made !== null;
  return isGrouped ? makeGroup(sql, schema, from, group) : makeAll(sql, schema, from);
}

function makeAll(sql: SqlStorage, schema: TableSchema, from: StoredSchema): StoredSchema {
  const version = versionOf(schema);
  if (from.version >= version) return from;
  if (from.version === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
  const all = [...schema.steps, ...(schema.later ?? []).map(({ sql: step }) => step)];
  for (const step of all.slice(from.version)) sql.exec(step);
  sql.exec('DELETE FROM schema_version');
  sql.exec('INSERT INTO schema_version (version) VALUES (?)', version);
  return { version, made: null };
}

function makeGroup(sql: SqlStorage, schema: TableSchema, from: StoredSchema, group: string): StoredSchema {
  const { groups = {}, later = [], steps } = schema;
  const before = from.made ?? new Set<string>();
  const version = Math.max(from.version, versionOf(schema));
  const wanted = before.has(group) ? [] : [...new Set(before.has(BASE) ? [group] : [BASE, group])];
  if (wanted.length === 0 && version === from.version) return from;
  if (from.version === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL, made TEXT)');
  for (const [index, step] of later.entries())
    if (before.has(step.group) && steps.length + index >= from.version) sql.exec(step.sql);
  for (const name of wanted) {
    const sqlOfGroup = groups[name];
    if (sqlOfGroup === undefined) throw new Error(`internal: there is no group ${name}`);
    sql.exec(sqlOfGroup);
    for (const step of later) if (step.group === name) sql.exec(step.sql);
  }
  const made = new Set([...before, ...wanted]);
  sql.exec('DELETE FROM schema_version');
  sql.exec('INSERT INTO schema_version (version, made) VALUES (?, ?)', version, [...made].join(' '));
  return { version, made };
}
