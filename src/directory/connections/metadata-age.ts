/**
 * How old the metadata is that MCP servers said of themselves: a column of `connection` outside the row's MAC, which
 * decides nothing but when they are asked again.
 */

import { MCP } from '#providers/mcp.ts';
import { ask } from '../ask.ts';

/** A server that moves its endpoints is followed within a day, and a quarter of an hour. */
export const METADATA_AGE_MS = 24 * 3_600_000;
/** However often an answer looks as if it had changed, it is read so seldom. */
const APART_MS = 10 * 60_000;

const AGED = 'coalesce(metadata_at_ms, updated_at_ms)';

/** Connections whose metadata is older than it may be, the oldest first. @throws ProblemError `unavailable` */
export async function agedMetadata(db: D1Database, nowMs: number, limit: number): Promise<string[]> {
  const query = `SELECT id FROM connection WHERE provider = ? AND ${AGED} < ? ORDER BY ${AGED}, id LIMIT ?`;
  const { results } = await ask(() =>
    db
      .prepare(query)
      .bind(MCP, nowMs - METADATA_AGE_MS, limit)
      .all<{ id: string }>(),
  );
  return results.map(({ id }) => id);
}

/** Takes the reading of one: false where another has it, or it is not old any more. @throws ProblemError */
export async function takeReading(db: D1Database, id: string, nowMs: number): Promise<boolean> {
  const update = `UPDATE connection SET metadata_at_ms = ? WHERE id = ? AND ${AGED} < ?`;
  const done = await ask(() =>
    db
      .prepare(update)
      .bind(nowMs, id, nowMs - METADATA_AGE_MS)
      .run(),
  );
  return done.meta.changes > 0;
}

/** An answer says that what is known of a server may be old: it is read at the next occasion. @throws ProblemError */
export async function wantMetadata(db: D1Database, id: string, nowMs: number): Promise<void> {
  const update = `UPDATE connection SET metadata_at_ms = 0 WHERE id = ? AND provider = ? AND ${AGED} < ?`;
  await ask(() =>
    db
      .prepare(update)
      .bind(id, MCP, nowMs - APART_MS)
      .run(),
  );
}
