/**
 * The table `delivery_index`: what lists of deliveries show. The object that holds a delivery (`source`) is its
 * authority and writes its rows here, so that a row may come twice or late. That object decides when a delivery is due.
 */

import { ask, type SqlRow } from '../ask.ts';
import { refuseNewerDirectory } from '../schema-major.ts';
import type { ListPosition } from '../connections/connections.ts';
import { listConditions } from '../indexes/list-conditions.ts';

export type DeliveryStatus = 'waiting' | 'delivered' | 'failed';

/** Which object holds a delivery: the one that has the event in its outbox. */
export type DeliverySource = `account:${string}` | `agent:${string}`;

/** One delivery of one event to one endpoint. All `…Ms` are epoch milliseconds. */
export interface DeliveryRow {
  /** `wd_…` */
  readonly id: string;
  readonly eventId: string;
  readonly type: string;
  /** `we_…`; it may have been deleted since. */
  readonly endpoint: string;
  /** Of the endpoint; empty for none. */
  readonly organization: string;
  readonly connectedAccountId: string | null;
  readonly source: DeliverySource;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** HTTP status of the last attempt; null: none was made, or none was answered. */
  readonly lastStatus: number | null;
  /** Short code of why the last attempt was not answered; null: it was, or none was made. */
  readonly lastFailure: string | null;
  /** Null unless it waits. */
  readonly nextAttemptAtMs: number | null;
  readonly createdAtMs: number;
  readonly deliveredAtMs: number | null;
  /** When the object changed it last: decides which of two rows is the later one. */
  readonly updatedAtMs: number;
}

/** Column and field of the row, in one order. The first is the key. */
const COLUMNS: readonly (readonly [column: string, field: keyof DeliveryRow])[] = [
  ['id', 'id'],
  ['event_id', 'eventId'],
  ['type', 'type'],
  ['endpoint', 'endpoint'],
  ['organization', 'organization'],
  ['connected_account_id', 'connectedAccountId'],
  ['source', 'source'],
  ['status', 'status'],
  ['attempts', 'attempts'],
  ['last_status', 'lastStatus'],
  ['last_failure', 'lastFailure'],
  ['next_attempt_at_ms', 'nextAttemptAtMs'],
  ['created_at_ms', 'createdAtMs'],
  ['delivered_at_ms', 'deliveredAtMs'],
  ['updated_at_ms', 'updatedAtMs'],
];

/** Equal times are taken: within a millisecond the later call carries the later state. */
const UPSERT = `INSERT INTO delivery_index (${COLUMNS.map(([column]) => column).join(', ')})
  SELECT ${COLUMNS.map(([, field]) => `value ->> '$.${field}'`).join(', ')} FROM json_each(?) WHERE true ORDER BY key
  ON CONFLICT (id) DO UPDATE SET ${COLUMNS.slice(1)
    .map(([column]) => `${column} = excluded.${column}`)
    .join(', ')}
  WHERE excluded.updated_at_ms >= delivery_index.updated_at_ms`;

/** Writes rows; a row older than the stored one changes nothing. @throws ProblemError `unavailable` */
export async function upsertDeliveries(db: D1Database, rows: readonly DeliveryRow[]): Promise<void> {
  if (rows.length === 0) return;
  await refuseNewerDirectory(db);
  await ask(() => db.prepare(UPSERT).bind(JSON.stringify(rows)).run());
}

/** Null: any. `organization` is empty for none. */
export interface DeliveryFilter {
  readonly endpoint: string | null;
  readonly accountId: string | null;
  readonly status: DeliveryStatus | null;
  readonly organization: string | null;
}

/** How much of the list, and where it begins: after this delivery. */
export interface DeliveryPage {
  readonly limit: number;
  readonly after: ListPosition | null;
}

/** Newest first. @throws ProblemError `unavailable` */
export async function listDeliveries(
  db: D1Database,
  filter: DeliveryFilter,
  page: DeliveryPage,
): Promise<DeliveryRow[]> {
  const { endpoint, accountId, status, organization } = filter;
  const { where, values } = listConditions(
    { endpoint, connected_account_id: accountId, status, organization },
    page.after,
  );
  const query = `SELECT * FROM delivery_index WHERE ${where} ORDER BY created_at_ms DESC, id DESC LIMIT ?`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(...values, page.limit)
      .all<SqlRow>(),
  );
  return rows.results.map(fromSql);
}

/** One delivery, or null. @throws ProblemError `unavailable` */
export async function findDelivery(db: D1Database, id: string): Promise<DeliveryRow | null> {
  const row = await ask(() =>
    db.prepare('SELECT * FROM delivery_index WHERE id = ?').bind(id).first<SqlRow>(),
  );
  return row === null ? null : fromSql(row);
}

/** How many deliveries wait for an endpoint. @throws ProblemError `unavailable` */
export async function countWaiting(db: D1Database, endpoint: string): Promise<number> {
  const count = `SELECT count(*) AS n FROM delivery_index WHERE endpoint = ? AND status = 'waiting'`;
  return (await ask(() => db.prepare(count).bind(endpoint).first<number>('n'))) ?? 0;
}

function fromSql(row: SqlRow): DeliveryRow {
  const fields = COLUMNS.map(([column, field]) => [field, row[column] ?? null]);
  return Object.fromEntries(fields) as unknown as DeliveryRow;
}
