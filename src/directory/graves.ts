/**
 * The table `connection_grave`: connections that were deleted. An account of such a life is told once and ends itself;
 * when all that the index knows have been told the grave is ended, and neither cut-offs nor the sweep look at it again.
 * The row stays, for its version: the next connection of this id counts on. `grave_told` holds the accounts that have
 * been told, until their grave is ended. Sends no event.
 */

import { ask } from './ask.ts';
import type { DeletedConnection } from './revocations/cut-offs.ts';

/** After a connection is gone: accounts that the index has not heard of yet are told by the list for so long. */
export const YOUNG_GRAVE_MS = 3_600_000;
/** An account that was made while its connection was being deleted. The account itself tells whether it was. */
const MADE_MEANWHILE_MS = 60_000;

/** An account that has to end with its connection, or says that it need not. */
export interface Buried extends DeletedConnection {
  readonly accountId: string;
  readonly createdAtMs: number;
  /** Of the grave in the order in which they are read. */
  readonly place: number;
}

type Row = {
  account_id: string;
  created_at_ms: number;
  place: number;
  id: string;
  version: number;
  deleted_at_ms: number;
};

/** Graves by their rowid, the accounts of each by age: both come so from an index, and reading ends with the page. */
const BURIED = `SELECT a.id AS account_id, a.created_at_ms, g.rowid AS place, g.id, g.version, g.deleted_at_ms
  FROM connection_grave g CROSS JOIN account_index a ON a.connection = g.id
    AND a.created_at_ms <= g.deleted_at_ms + ?1
    AND a.created_at_ms >= CASE g.rowid WHEN ?3 THEN ?4 ELSE ${Number.MIN_SAFE_INTEGER} END
  WHERE g.ended_at_ms IS NULL AND g.rowid >= ?3 AND (?2 IS NULL OR g.id = ?2)
    AND (g.rowid > ?3 OR (a.created_at_ms, a.id) > (?4, ?5))
    AND NOT EXISTS (SELECT 1 FROM grave_told t WHERE t.account_id = a.id AND t.connection = g.id
      AND t.version >= g.version AND t.created_at_ms = a.created_at_ms)
  ORDER BY g.rowid, a.created_at_ms, a.id LIMIT ?6`;

/**
 * Accounts in the index that were made before their connection was deleted and have not been told.
 *
 * @param connection null: of any
 * @param after the last account of the page before; null: from the beginning
 * @throws as D1 does
 */
export async function buriedAccounts(
  db: D1Database,
  connection: string | null,
  after: Pick<Buried, 'place' | 'createdAtMs' | 'accountId'> | null,
  limit: number,
): Promise<Buried[]> {
  const { place, createdAtMs, accountId } = after ?? { place: -1, createdAtMs: 0, accountId: '' };
  const { results } = await db
    .prepare(BURIED)
    .bind(MADE_MEANWHILE_MS, connection, place, createdAtMs, accountId, limit)
    .all<Row>();
  return results.map((row) => ({
    accountId: row.account_id,
    createdAtMs: row.created_at_ms,
    place: row.place,
    connection: row.id,
    version: row.version,
    deletedAtMs: row.deleted_at_ms,
  }));
}

const TOLD = `INSERT OR REPLACE INTO grave_told (account_id, connection, version, created_at_ms)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)`;
const END = `UPDATE connection_grave SET ended_at_ms = ?1 WHERE ended_at_ms IS NULL AND deleted_at_ms <= ?2
  AND NOT EXISTS (SELECT 1 FROM account_index a WHERE a.connection = connection_grave.id
    AND a.created_at_ms <= connection_grave.deleted_at_ms + ?3
    AND NOT EXISTS (SELECT 1 FROM grave_told t WHERE t.account_id = a.id AND t.connection = a.connection
      AND t.version >= connection_grave.version AND t.created_at_ms = a.created_at_ms))`;
const FORGET = `DELETE FROM grave_told WHERE connection IN
  (SELECT id FROM connection_grave WHERE ended_at_ms = ?)`;

/**
 * Remembers which accounts have been told, so that no run has to tell all at once. Ends the graves that are no longer
 * young and whose accounts have all been told.
 *
 * @param told accounts that have just answered: those that live on are of a later life
 * @throws ProblemError `unavailable`
 */
export async function endGraves(
  db: D1Database,
  told: readonly Pick<Buried, 'accountId' | 'connection' | 'version' | 'createdAtMs'>[],
  nowMs: number,
): Promise<number> {
  const rows = told.map((one) => [one.accountId, one.connection, one.version, one.createdAtMs]);
  const [, ended] = await ask(() =>
    db.batch([
      db.prepare(TOLD).bind(JSON.stringify(rows)),
      db.prepare(END).bind(nowMs, nowMs - YOUNG_GRAVE_MS, MADE_MEANWHILE_MS),
      db.prepare(FORGET).bind(nowMs),
    ]),
  );
  return ended?.meta.changes ?? 0;
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
