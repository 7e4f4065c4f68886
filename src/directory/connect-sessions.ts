/**
 * The table `connect_session`: which account a session or a link belongs to. It decides nothing: the account's object
 * holds the session and compares the link's digest again, so a row that was changed here leads nowhere.
 */

import { ask } from './ask.ts';

/** Longer than any session lives (a day), its confirmation, and the time in which an operator asks for its end. */
const KEPT_MS = 30 * 86_400_000;
/** Old rows go a few at a time, with each new one. */
const PRUNED_AT_ONCE = 20;

export interface SessionAddress {
  readonly id: string;
  readonly accountId: string;
  /** Of the account; empty for none. Null: the row is older than the column. */
  readonly organization: string | null;
}

/** Notes where a session lives; noting it twice changes nothing. @throws ProblemError `unavailable` */
export async function noteSession(
  db: D1Database,
  session: SessionAddress & { readonly linkDigest: string | null; readonly createdAtMs: number },
): Promise<void> {
  const insert = db
    .prepare(
      `INSERT INTO connect_session (id, account_id, link_digest, created_at_ms, organization) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    )
    .bind(session.id, session.accountId, session.linkDigest, session.createdAtMs, session.organization);
  const prune = db
    .prepare(
      `DELETE FROM connect_session WHERE id IN
         (SELECT id FROM connect_session WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?)`,
    )
    .bind(session.createdAtMs - KEPT_MS, PRUNED_AT_ONCE);
  await ask(() => db.batch([insert, prune]));
}

const ADDRESS = 'SELECT * FROM connect_session';

type AddressRow = { id: string; account_id: string; organization?: string | null };

/** By its id, or null. @throws ProblemError `unavailable` */
export function findSession(db: D1Database, id: string): Promise<SessionAddress | null> {
  return found(db.prepare(`${ADDRESS} WHERE id = ?`).bind(id));
}

/** By the digest of its link's token, or null. @throws ProblemError `unavailable` */
export function findSessionOfLink(db: D1Database, linkDigest: string): Promise<SessionAddress | null> {
  return found(db.prepare(`${ADDRESS} WHERE link_digest = ?`).bind(linkDigest));
}

async function found(question: D1PreparedStatement): Promise<SessionAddress | null> {
  const row = await ask(() => question.first<AddressRow>());
  return row === null
    ? null
    : { id: row.id, accountId: row.account_id, organization: row.organization ?? null };
}
