/**
 * The table `connection_grave`: connections that were deleted. An account of such a life is told once and ends itself;
 * when all that the index knows have been told the grave is ended, and neither cut-offs nor the sweep look at it again.
 * The row stays, for its version: the next connection of this id counts on. Tells nobody.
 */

import { ask } from './ask.ts';
import type { DeletedConnection } from './cut-offs.ts';

/** After a connection is gone: accounts that the index has not heard of yet are told by the list for so long. */
export const YOUNG_GRAVE_MS = 3_600_000;
/** An account that was made while its connection was being deleted. The account itself tells whether it was. */
const MADE_MEANWHILE_MS = 60_000;

/** An account that has to end with its connection, or says that it need not. */
export interface Buried extends DeletedConnection {
  readonly accountId: string;
}

type Row = { account_id: string; id: string; version: number; deleted_at_ms: number };

const BURIED = `SELECT a.id AS account_id, g.id, g.version, g.deleted_at_ms FROM connection_grave g
  JOIN account_index a ON a.connection = g.id AND a.created_at_ms <= g.deleted_at_ms + ?
  WHERE g.ended_at_ms IS NULL AND (? IS NULL OR g.id = ?) AND a.id > ? ORDER BY a.id LIMIT ?`;

/**
 * Accounts in the index that were made before their connection was deleted, by id.
 *
 * @param connection null: of any
 * @param after the last account of the page before; empty: from the beginning
 * @throws as D1 does
 */
export async function buriedAccounts(
  db: D1Database,
  connection: string | null,
  after: string,
  limit: number,
): Promise<Buried[]> {
  const { results } = await db
    .prepare(BURIED)
    .bind(MADE_MEANWHILE_MS, connection, connection, after, limit)
    .all<Row>();
  return results.map((row) => ({
    accountId: row.account_id,
    connection: row.id,
    version: row.version,
    deletedAtMs: row.deleted_at_ms,
  }));
}

const END = `UPDATE connection_grave SET ended_at_ms = ?1 WHERE ended_at_ms IS NULL AND deleted_at_ms <= ?2
  AND NOT EXISTS (SELECT 1 FROM account_index a WHERE a.connection = connection_grave.id
    AND a.created_at_ms <= connection_grave.deleted_at_ms + ?3 AND a.id NOT IN (SELECT value FROM json_each(?4)))`;

/**
 * Ends the graves that are no longer young and whose accounts have all been told.
 *
 * @param told accounts that have just answered: those that live on are of a later life
 * @throws ProblemError `unavailable`
 */
export async function endGraves(db: D1Database, told: readonly string[], nowMs: number): Promise<number> {
  const statement = db
    .prepare(END)
    .bind(nowMs, nowMs - YOUNG_GRAVE_MS, MADE_MEANWHILE_MS, JSON.stringify(told));
  return (await ask(() => statement.run())).meta.changes;
}

const REOPEN = `UPDATE connection_grave SET ended_at_ms = NULL WHERE id = ?1 AND ended_at_ms IS NOT NULL
  AND deleted_at_ms + ?2 >= ?3 AND NOT EXISTS (SELECT 1 FROM account_index WHERE id = ?4)`;

/** To run before a row of the index is written: an account that the index has not known is told as well. */
export function reopenGrave(
  db: D1Database,
  account: { readonly id: string; readonly connection: string; readonly createdAtMs: number },
): D1PreparedStatement {
  return db.prepare(REOPEN).bind(account.connection, MADE_MEANWHILE_MS, account.createdAtMs, account.id);
}
