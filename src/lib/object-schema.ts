/**
 * Numbered schema steps of an object's SQLite, and what their numbers mean. Knows no table but its own `schema_version`.
 * Applied inside the caller's transaction, so that a step is there whole or not at all.
 *
 * Within a major every step is additive: code of an earlier step goes on with the data of a later one, so that a
 * rollback is safe. Whatever older code must not touch begins the next thousand.
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

/** Version of what is stored; 0 where nothing was ever written. Costs one read. */
export function storedVersion(sql: SqlStorage): number {
  const table = sql
    .exec<{ n: number }>(
      `SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'`,
    )
    .one();
  if (table.n === 0) return 0;
  return sql.exec<{ version: number }>('SELECT version FROM schema_version').one().version;
}

/** Whether anything was ever written. @throws NewerSchemaError when a newer major has written it */
export function hasSchema(sql: SqlStorage, steps: readonly string[]): boolean {
  const version = storedVersion(sql);
  if (isNewerMajor(version, steps.length)) throw new NewerSchemaError('internal: stored by a newer version');
  return version > 0;
}

/** Brings the stored schema to `steps.length`, if it is not further. @throws NewerSchemaError at a newer major */
export function applySchema(sql: SqlStorage, steps: readonly string[]): void {
  const from = storedVersion(sql);
  if (isNewerMajor(from, steps.length)) throw new NewerSchemaError('internal: stored by a newer version');
  if (from >= steps.length) return;
  if (from === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
  for (const step of steps.slice(from)) sql.exec(step);
  sql.exec('DELETE FROM schema_version');
  sql.exec('INSERT INTO schema_version (version) VALUES (?)', steps.length);
}
