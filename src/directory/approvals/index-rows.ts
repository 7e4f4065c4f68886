/**
 * The table `approval_index`: what the list of approvals shows, and which account an approval's id belongs to. It decides
 * nothing: the account's object is the authority and brings its rows here, so that a row may come twice or late.
 */

import { ask } from '../ask.ts';
import type { ListPosition } from '../connections/connections.ts';
import { listConditions } from '../indexes/list-conditions.ts';
import { refuseNewerDirectory } from '../schema-major.ts';

/** A decided one is of no use to anybody after a day or two; the audit knows it for longer. */
const KEPT_MS = 30 * 86_400_000;
/** Old rows go a few at a time, with each that is written. */
const PRUNED_AT_ONCE = 20;

export interface ApprovalIndexRow {
  readonly id: string;
  readonly accountId: string;
  readonly connection: string;
  readonly identifier: string;
  /** Empty for none. */
  readonly organization: string;
  readonly agent: string;
  readonly status: string;
  /** The rest of what the list shows, as the account has it. */
  readonly more: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly indexedAtMs: number;
}

const COLUMNS =
  'id, account_id, connection, identifier, organization, agent, status, more, created_at_ms, updated_at_ms, indexed_at_ms';
const UPSERT = `INSERT INTO approval_index (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET status = excluded.status, more = excluded.more,
    updated_at_ms = excluded.updated_at_ms, indexed_at_ms = excluded.indexed_at_ms
  WHERE excluded.updated_at_ms >= approval_index.updated_at_ms`;
const PRUNE = `DELETE FROM approval_index WHERE id IN
  (SELECT id FROM approval_index WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?)`;

/** Writes a row; a row older than the stored one changes nothing. @throws ProblemError `unavailable` */
export async function writeApprovalIndex(db: D1Database, row: ApprovalIndexRow): Promise<void> {
  const values = [
    row.id,
    row.accountId,
    row.connection,
    row.identifier,
    row.organization,
    row.agent,
    row.status,
    JSON.stringify(row.more),
    row.createdAtMs,
    row.updatedAtMs,
    row.indexedAtMs,
  ];
  await refuseNewerDirectory(db);
  const prune = db.prepare(PRUNE).bind(row.indexedAtMs - KEPT_MS, PRUNED_AT_ONCE);
  await ask(() => db.batch([db.prepare(UPSERT).bind(...values), prune]));
}

/** The account is gone, and so is what it asked. @throws ProblemError `unavailable` */
export async function deleteApprovalIndex(db: D1Database, accountId: string): Promise<void> {
  await refuseNewerDirectory(db);
  await ask(() => db.prepare('DELETE FROM approval_index WHERE account_id = ?').bind(accountId).run());
}

/** The account whose object has this approval; null: it is not known. @throws ProblemError `unavailable` */
export function accountOfApproval(db: D1Database, id: string): Promise<string | null> {
  const question = db.prepare('SELECT account_id FROM approval_index WHERE id = ?').bind(id);
  return ask(() => question.first<string>('account_id'));
}

type Row = {
  id: string;
  account_id: string;
  connection: string;
  identifier: string;
  organization: string;
  agent: string;
  status: string;
  more: string;
  created_at_ms: number;
  updated_at_ms: number;
  indexed_at_ms: number;
};

/** Newest first, at most `limit`. @throws ProblemError `unavailable` */
export async function listApprovals(
  db: D1Database,
  filter: { readonly status: string | null; readonly organization: string | null },
  page: { readonly limit: number; readonly after: ListPosition | null },
): Promise<ApprovalIndexRow[]> {
  const { where, values } = listConditions({ ...filter }, page.after);
  const query = `SELECT ${COLUMNS} FROM approval_index WHERE ${where}
    ORDER BY created_at_ms DESC, id DESC LIMIT ?`;
  const found = await ask(() =>
    db
      .prepare(query)
      .bind(...values, page.limit)
      .all<Row>(),
  );
  return found.results.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    connection: row.connection,
    identifier: row.identifier,
    organization: row.organization,
    agent: row.agent,
    status: row.status,
    more: JSON.parse(row.more) as Record<string, unknown>,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    indexedAtMs: row.indexed_at_ms,
  }));
}
