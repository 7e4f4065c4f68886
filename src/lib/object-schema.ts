/**
 * Numbered schema steps of an object's SQLite, and what their numbers mean. Knows no table but its own
 * `schema_version`. Applied inside the caller's transaction, so that a step is there whole or not at all.
 *
 * Within a major every step is additive: code of an earlier step goes on with the data of a later one, so that a
 * rollback is safe. A step that older code must not touch begins the next thousand.
 */

/** The data was written by a newer major: nothing may be read or written, the answer is 503. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

const STEPS_OF_A_MAJOR = 1000;

/** Whether data of version `stored` belongs to a later major than code whose newest step is `known`. */
export function isNewerMajor(stored: number, known: number): boolean {
  return Math.floor(stored / STEPS_OF_A_MAJOR) > Math.floor(known / STEPS_OF_A_MAJOR);
}

/**
 * Tables that a schema step has made are not there: they were removed from outside, and nothing that is left can be
 * trusted.
 */
export class DamagedSchemaError extends Error {
  override readonly name = 'DamagedSchemaError';
}

const CREATED = /\bCREATE TABLE (\w+)/g;

/** Tables that data of that version have. */
function tablesMade(steps: readonly string[], version: number): string[] {
  return steps.slice(0, version).flatMap((step) => [...step.matchAll(CREATED)].map(([, name = '']) => name));
}

/** The object's own tables. The engine's own tables beside them, under any name, say nothing of the object. */
function tablesOf(sql: SqlStorage, steps: readonly string[]): ReadonlySet<string> {
  const own = new Set(['schema_version', ...tablesMade(steps, steps.length)]);
  const rows = sql.exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`).toArray();
  return new Set(rows.map(({ name }) => name).filter((name) => own.has(name)));
}

/**
 * Version of what is stored; 0 where nothing was ever written. Costs a read for each table.
 * @throws DamagedSchemaError where there are tables and no version
 */
export function storedVersion(sql: SqlStorage, steps: readonly string[]): number {
  return versionBeside(sql, tablesOf(sql, steps));
}

function versionBeside(sql: SqlStorage, tables: ReadonlySet<string>): number {
  if (tables.size === 0) return 0;
  const rows = tables.has('schema_version')
    ? sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()
    : [];
  const version = rows[0]?.version;
  if (rows.length !== 1 || !Number.isSafeInteger(version) || Number(version) < 1)
    throw new DamagedSchemaError('internal: the tables have no version');
  return Number(version);
}

/**
 * The stored version; 0 where nothing was ever written.
 * @throws NewerSchemaError when a newer major has written it
 * @throws DamagedSchemaError where a table of that version is missing
 */
export function soundVersion(sql: SqlStorage, steps: readonly string[]): number {
  const tables = tablesOf(sql, steps);
  const version = versionBeside(sql, tables);
  if (isNewerMajor(version, steps.length)) throw new NewerSchemaError('internal: stored by a newer version');
  if (tablesMade(steps, version).some((name) => !tables.has(name)))
    throw new DamagedSchemaError('internal: a table is missing');
  return version;
}

/** Brings the stored schema to `steps.length`, if it is not further. @throws NewerSchemaError at a newer major */
export function applySchema(sql: SqlStorage, steps: readonly string[]): void {
  const from = storedVersion(sql, steps);
  if (isNewerMajor(from, steps.length)) throw new NewerSchemaError('internal: stored by a newer version');
  if (from >= steps.length) return;
  if (from === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
  for (const step of steps.slice(from)) sql.exec(step);
  sql.exec('DELETE FROM schema_version');
  sql.exec('INSERT INTO schema_version (version) VALUES (?)', steps.length);
}
