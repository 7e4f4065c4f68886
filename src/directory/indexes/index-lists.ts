/** Lists of accounts and agents, from their indexes: newest first, as fresh as each row says. */

import { ask } from '../ask.ts';
import type { ListPosition } from '../connections/connections.ts';
import { listConditions } from './list-conditions.ts';

/** What narrows the list; null: any. */
export interface AccountFilter {
  readonly connection: string | null;
  readonly identifier: string | null;
  /** Empty for none. */
  readonly organization: string | null;
  readonly status: string | null;
}

export interface ListedRow extends ListPosition {
  /** The resource as JSON when the row was written; null: by a version that did not write it. */
  readonly resource: string | null;
  readonly indexedAtMs: number;
}

type Row = { id: string; created_at_ms: number; resource: string | null; indexed_at_ms: number };

/** Newest first, at most `limit`. @throws ProblemError `unavailable` */
export async function listAccounts(
  db: D1Database,
  filter: AccountFilter,
  page: { readonly limit: number; readonly after: ListPosition | null },
): Promise<ListedRow[]> {
  return listed(db, 'account_index', { ...filter }, page);
}

/** The same for agents. */
export async function listAgents(
  db: D1Database,
  filter: { readonly organization: string | null },
  page: { readonly limit: number; readonly after: ListPosition | null },
): Promise<ListedRow[]> {
  return listed(db, 'agent_index', { ...filter }, page);
}

async function listed(
  db: D1Database,
  table: 'account_index' | 'agent_index',
  equal: Readonly<Record<string, string | null>>,
  page: { readonly limit: number; readonly after: ListPosition | null },
): Promise<ListedRow[]> {
  const { where, values } = listConditions(equal, page.after);
  const query = `SELECT id, created_at_ms, resource, indexed_at_ms FROM ${table} WHERE ${where}
    ORDER BY created_at_ms DESC, id DESC LIMIT ?`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(...values, page.limit)
      .all<Row>(),
  );
  return rows.results.map((row) => ({
    id: row.id,
    createdAtMs: row.created_at_ms,
    resource: row.resource,
    indexedAtMs: row.indexed_at_ms,
  }));
}
