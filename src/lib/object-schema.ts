/**
 * Brings an object's SQLite to its schema, and tells what is stored (`table-schema.ts`). Knows no table but its own
 * `schema_version`. Applied inside the caller's transaction, so that a step is there whole or not at all.
 */

import {
  BASE,
  hasTable,
  isNewerMajor,
  madeFromText,
  madeToText,
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
 * The tables are not those that the object has made: they were removed or put there from outside, and nothing of it can
 * be trusted.
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
  const made = typeof row.made === 'string' ? madeFromText(row.made, row.version) : null;
  if (made !== null && ![...made.values()].every((as) => Number.isSafeInteger(as) && as >= 1))
    throw new DamagedSchemaError('internal: a table has no version');
  return { version: row.version, made };
}

/**
 * The schema that is stored, if it is whole.
 * @throws NewerSchemaError when a newer major has written it
 * @throws DamagedSchemaError where a table of it is missing, and where one is there that it has not made: its rows would
 *   be passed over, and the write that needs the table could not make it
 */
export function soundSchema(sql: SqlStorage, schema: TableSchema): StoredSchema {
  const tables = tablesThere(sql, schema);
  const stored = schemaBeside(sql, tables);
  if (isNewerMajor(stored.version, versionOf(schema)))
    throw new NewerSchemaError('internal: stored by a newer version');
  if (stored.made !== null && !stored.made.has(BASE))
    throw new DamagedSchemaError('internal: no table was made with the object');
  for (const name of places(schema).keys())
    if (hasTable(schema, stored, name) !== tables.has(name))
      throw new DamagedSchemaError('internal: the tables are not those that were made');
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
  const before = from.made ?? new Map<string, number>();
  const known = versionOf(schema);
  const version = Math.max(from.version, known);
  const wanted = before.has(group) ? [] : [...new Set(before.has(BASE) ? [group] : [BASE, group])];
  const isBehind = [...before.values()].some((as) => as < known);
  if (wanted.length === 0 && !isBehind && version === from.version) return from;
  if (from.version === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL, made TEXT)');
  for (const [index, step] of later.entries())
    if ((before.get(step.group) ?? Infinity) <= steps.length + index) sql.exec(step.sql);
  for (const name of wanted) {
    const laterOfGroup = later.filter((step) => step.group === name);
    if (groups[name] === undefined && laterOfGroup.length === 0)
      throw new Error(`internal: there is no group ${name}`);
    for (const step of [groups[name] ?? '', ...laterOfGroup.map((one) => one.sql)])
      if (step !== '') sql.exec(step);
  }
  const made = new Map([...before].map(([name, as]) => [name, Math.max(as, known)]));
  for (const name of wanted) made.set(name, known);
  sql.exec('DELETE FROM schema_version');
  sql.exec('INSERT INTO schema_version (version, made) VALUES (?, ?)', version, madeToText(made, version));
  return { version, made };
}
