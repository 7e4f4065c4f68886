/**
 * Numbered schema steps of an object's SQLite. Knows no table but its own `schema_version`.
 * Applied inside the caller's transaction, so that a step is there whole or not at all.
 */

/** The data was written by newer code: nothing may be written, the answer is 503. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
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

/** Brings the stored schema to `steps.length`. @throws NewerSchemaError when it is ahead of this code. */
export function applySchema(sql: SqlStorage, steps: readonly string[]): void {
  const from = storedVersion(sql);
  if (from === steps.length) return;
  if (from > steps.length) throw new NewerSchemaError('internal: stored by a newer version');
  if (from === 0) sql.exec('CREATE TABLE schema_version (version INTEGER NOT NULL)');
  for (const step of steps.slice(from)) sql.exec(step);
  sql.exec('DELETE FROM schema_version');
  sql.exec('INSERT INTO schema_version (version) VALUES (?)', steps.length);
}
