/**
 * When an account was heard of last: columns of `account_index`. An account that has timers says once a day that it is
 * alive; an account that has fallen silent has lost its alarm, and the sweeper finds it here and pokes it. This file
 * pokes none.
 */

import { ask } from './ask.ts';
import { refuseNewerDirectory } from './schema-major.ts';

/** A heartbeat comes once a day at a uniform time, and may be two hours late. */
export const BEAT_OVERDUE_MS = 26 * 3_600_000;

/** An account that has fallen silent. */
export interface OverdueBeat {
  readonly accountId: string;
  /** Null: never heard of. */
  readonly beatAtMs: number | null;
}

/**
 * Notes that the account is alive, and that it should be heard of daily from now on. A late one moves nothing back.
 * False where the index does not know the account (it was restored, or has not been written yet): then the object
 * should bring its whole row (`upsertAccountIndex`). @throws ProblemError `unavailable`
 */
export async function recordBeat(db: D1Database, accountId: string, atMs: number): Promise<boolean> {
  const update =
    'UPDATE account_index SET beat_at_ms = max(coalesce(beat_at_ms, 0), ?), beats = 1 WHERE id = ?';
  await refuseNewerDirectory(db);
  return (await ask(() => db.prepare(update).bind(atMs, accountId).run())).meta.changes > 0;
}

const OVERDUE = `SELECT id, beat_at_ms FROM account_index
  WHERE beats = 1 AND (beat_at_ms IS NULL OR beat_at_ms < ?) AND (coalesce(beat_at_ms, 0), id) > (?, ?)
  ORDER BY beat_at_ms, id LIMIT ?`;

/**
 * Accounts that should have beaten and have not for 26 h, the longest silent first. An account stays in this list until
 * it is heard of: a sweep reads on with `after`, so that some that never wake do not hide the others.
 *
 * @param after the last one of the page before; null: from the beginning
 * @throws ProblemError `unavailable`
 */
export async function overdueBeats(
  db: D1Database,
  nowMs: number,
  limit: number,
  after: OverdueBeat | null = null,
): Promise<OverdueBeat[]> {
  const behind = after === null ? [-1, ''] : [after.beatAtMs ?? 0, after.accountId];
  const rows = await ask(() =>
    db
      .prepare(OVERDUE)
      .bind(nowMs - BEAT_OVERDUE_MS, ...behind, limit)
      .all<{ id: string; beat_at_ms: number | null }>(),
  );
  return rows.results.map((row) => ({ accountId: row.id, beatAtMs: row.beat_at_ms }));
}
