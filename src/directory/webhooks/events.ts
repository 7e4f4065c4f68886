/**
 * The table `event`: every event of the deployment in the order of its arrival here, which is the order of
 * `GET /v1/events`. Objects append what stands in their own outbox, so an event may come twice; it is listed once.
 * Never the authority for what is delivered: an object's outbox is.
 */

import { ask, type SqlRow } from '../ask.ts';
import { refuseNewerDirectory } from '../schema-major.ts';
import { listConditions } from '../indexes/list-conditions.ts';

/** One event as it was made. `atMs` is the `timestamp` of its body, in epoch milliseconds. */
export interface EventRow {
  /** `evt_…`, and the `webhook-id` of every delivery. */
  readonly id: string;
  readonly type: string;
  readonly atMs: number;
  /** Empty for none. */
  readonly organization: string;
  /** Null for events that belong to no account (`connection.*`, `agent.*`, `webhook.test`). */
  readonly connectedAccountId: string | null;
  /** The JSON text that was signed: `{type, timestamp, data}`. */
  readonly body: string;
  /** Made, but delivered to no endpoint so far: listed so that a gap in `sequence` can be explained. */
  readonly suppressed: boolean;
}

/**
 * One statement for all of them, in their order. An event that is known already keeps its place and its content.
 * `WHERE true` ends the SELECT: without it the parser takes ON for the beginning of a join.
 */
const APPEND = `INSERT INTO event (id, type, at_ms, organization, connected_account_id, body, suppressed)
  SELECT value ->> '$.id', value ->> '$.type', value ->> '$.atMs', value ->> '$.organization',
    value ->> '$.connectedAccountId', value ->> '$.body', value ->> '$.suppressed'
  FROM json_each(?) WHERE true ORDER BY key
  ON CONFLICT (id) DO NOTHING`;

/**
 * Appends events in the given order; an event that is there already changes nothing. One value holds all of them, so a
 * call should stay below a megabyte. @throws ProblemError `unavailable`
 */
export async function appendEvents(db: D1Database, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  await refuseNewerDirectory(db);
  await ask(() => db.prepare(APPEND).bind(JSON.stringify(events)).run());
}

/**
 * Notes that an event is delivered to no endpoint, or that it is after all; an unknown id is no error.
 * @throws ProblemError `unavailable`
 */
export async function markSuppressed(db: D1Database, id: string, suppressed = true): Promise<void> {
  const update = 'UPDATE event SET suppressed = ? WHERE id = ?';
  await refuseNewerDirectory(db);
  await ask(() => db.prepare(update).bind(Number(suppressed), id).run());
}

/** Which events are listed. `organization`: null for all of them, empty for those of none. */
export interface EventFilter {
  /** Id of the event after which the page begins; null: from the first one on. */
  readonly after: string | null;
  readonly accountId: string | null;
  readonly type: string | null;
  readonly organization: string | null;
  readonly limit: number;
}

/**
 * Oldest first, at most `limit`; null where `after` is unknown, or belongs to an organization that is not listed.
 * @throws ProblemError `unavailable`
 */
export async function listEvents(db: D1Database, filter: EventFilter): Promise<EventRow[] | null> {
  const { after, organization, limit } = filter;
  const position = after === null ? 0 : await positionOf(db, after, organization);
  if (position === null) return null;
  const { where, values } = listConditions(
    { connected_account_id: filter.accountId, type: filter.type, organization },
    null,
  );
  const rows = await ask(() =>
    db
      .prepare(`SELECT * FROM event WHERE ${where} AND n > ? ORDER BY n LIMIT ?`)
      .bind(...values, position, limit)
      .all<SqlRow>(),
  );
  return rows.results.map(fromSql);
}

async function positionOf(db: D1Database, id: string, organization: string | null): Promise<number | null> {
  const { where, values } = listConditions({ id, organization }, null);
  return ask(() =>
    db
      .prepare(`SELECT n FROM event WHERE ${where}`)
      .bind(...values)
      .first<number>('n'),
  );
}

function fromSql(row: SqlRow): EventRow {
  return {
    id: String(row['id']),
    type: String(row['type']),
    atMs: Number(row['at_ms']),
    organization: String(row['organization']),
    connectedAccountId: row['connected_account_id'] == null ? null : String(row['connected_account_id']),
    body: String(row['body']),
    suppressed: Number(row['suppressed']) !== 0,
  };
}
