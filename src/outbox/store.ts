/** All SQL of an outbox: its events, their deliveries, the sequence and when to wake. No decision here. */

import type { EventType } from '#webhooks/event.ts';
import type { Delivery, OutgoingEvent, ToldEvent } from './rows.ts';

type Value = string | number | null;
type Row = Record<string, Value>;

const TOLD = 'n, type, sequence, at_ms, left_at_ms, suppressed';
/** In the words of the index that finds them. */
const UNFINISHED = '(shipped = 0 OR fanned_out = 0 OR marked <> suppressed)';

/** Column and field of a delivery, in one order. */
const COLUMNS: readonly (readonly [column: string, field: keyof Delivery])[] = [
  ['id', 'id'],
  ['event_n', 'eventN'],
  ['endpoint', 'endpoint'],
  ['organization', 'organization'],
  ['status', 'status'],
  ['attempts', 'attempts'],
  ['tries', 'tries'],
  ['next_attempt_at_ms', 'nextAttemptAtMs'],
  ['last_status', 'lastStatus'],
  ['created_at_ms', 'createdAtMs'],
  ['asked_at_ms', 'askedAtMs'],
  ['delivered_at_ms', 'deliveredAtMs'],
  ['in_flight_until_ms', 'inFlightUntilMs'],
  ['probing', 'probing'],
  ['probed_at_ms', 'probedAtMs'],
  ['held', 'held'],
  ['indexed', 'indexed'],
  ['updated_at_ms', 'updatedAtMs'],
];
const FLAGS: ReadonlySet<keyof Delivery> = new Set(['probing', 'held', 'indexed']);
const FIXED: ReadonlySet<keyof Delivery> = new Set([
  'id',
  'eventN',
  'endpoint',
  'organization',
  'createdAtMs',
  'indexed',
]);
const CHANGING = COLUMNS.filter(([, field]) => !FIXED.has(field));

/** When the outbox wakes, and how the directory has answered lately. */
export interface OutboxState {
  readonly wakeAtMs: number | null;
  /** In a row. */
  readonly directoryFailures: number;
  /** Not asked for anything before. */
  readonly directoryAtMs: number;
}

const FRESH: OutboxState = { wakeAtMs: null, directoryFailures: 0, directoryAtMs: 0 };

export class OutboxStore {
  readonly #sql: SqlStorage;
  #ready = false;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Whether the tables are there: an object may have been written before it had an outbox. */
  hasTables(): boolean {
    this.#ready ||=
      this.#one(`SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'outbox_state'`)[
        'n'
      ] === 1;
    return this.#ready;
  }

  /** A transaction was rolled back, and the tables perhaps with it. */
  forget(): void {
    this.#ready = false;
  }

  /** Draws the next number of the account's events; it outlives the account. Inside a transaction. */
  nextSequence(): number {
    const drawn = this.#one(
      `INSERT INTO outbox_state (id, sequence, directory_failures, directory_at_ms) VALUES (1, 1, 0, 0)
       ON CONFLICT (id) DO UPDATE SET sequence = sequence + 1 RETURNING sequence`,
    );
    return Number(drawn['sequence']);
  }

  state(): OutboxState {
    const row = this.#rows('SELECT * FROM outbox_state')[0];
    if (row === undefined) return FRESH;
    return {
      wakeAtMs: row['wake_at_ms'] as number | null,
      directoryFailures: Number(row['directory_failures']),
      directoryAtMs: Number(row['directory_at_ms']),
    };
  }

  saveState(state: OutboxState): void {
    const { wakeAtMs, directoryFailures, directoryAtMs } = state;
    this.#sql.exec(
      `INSERT INTO outbox_state (id, sequence, wake_at_ms, directory_failures, directory_at_ms)
       VALUES (1, 0, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET wake_at_ms = excluded.wake_at_ms,
         directory_failures = excluded.directory_failures, directory_at_ms = excluded.directory_at_ms`,
      wakeAtMs,
      directoryFailures,
      directoryAtMs,
    );
  }

  addEvent(event: Pick<OutgoingEvent, 'id' | 'type' | 'sequence' | 'atMs' | 'organization' | 'body'>): void {
    this.#sql.exec(
      `INSERT INTO event (id, type, sequence, at_ms, organization, body, suppressed, marked, shipped, fanned_out)
       VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0)`,
      event.id,
      event.type,
      event.sequence,
      event.atMs,
      event.organization,
      event.body,
    );
  }

  event(n: number): OutgoingEvent | null {
    const row = this.#rows('SELECT * FROM event WHERE n = ?', n)[0];
    return row === undefined ? null : eventFromSql(row);
  }

  /** Not in the directory's log yet, oldest first. */
  unshippedEvents(limit: number): OutgoingEvent[] {
    return this.#unfinished('shipped = 0', limit);
  }

  /** In the log, which says something else of their suppression. */
  unmarkedEvents(limit: number): OutgoingEvent[] {
    return this.#unfinished('shipped = 1 AND marked <> suppressed', limit);
  }

  /** Their deliveries have not been made, oldest first. */
  unsentEvents(limit: number): OutgoingEvent[] {
    return this.#unfinished('fanned_out = 0', limit);
  }

  #unfinished(how: string, limit: number): OutgoingEvent[] {
    const query = `SELECT * FROM event WHERE ${UNFINISHED} AND ${how} ORDER BY n LIMIT ?`;
    return this.#rows(query, limit).map(eventFromSql);
  }

  /** Whether something is still to be told to the directory. */
  hasUnfinished(): boolean {
    const found = this.#rows(
      `SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM event WHERE ${UNFINISHED})
         OR EXISTS (SELECT 1 FROM delivery WHERE indexed = 0 AND in_flight_until_ms IS NULL)`,
    );
    return found.length > 0;
  }

  /** The newest events of the account, oldest first, but for those of plain refreshes. */
  told(limit: number): ToldEvent[] {
    const rows = this.#rows(
      `SELECT ${TOLD} FROM event WHERE sequence IS NOT NULL AND type <> 'connected_account.refreshed'
       ORDER BY n DESC LIMIT ?`,
      limit,
    );
    return rows.map(toldFromSql).toReversed();
  }

  /** Events that have a delivery waiting and have not left for any endpoint; oldest first. */
  unleft(): ToldEvent[] {
    const rows = this.#rows(
      `SELECT ${TOLD} FROM event WHERE left_at_ms IS NULL AND sequence IS NOT NULL
         AND n IN (SELECT event_n FROM delivery WHERE status = 'waiting' AND asked_at_ms = created_at_ms)
       ORDER BY n`,
    );
    return rows.map(toldFromSql);
  }

  /** `known` is what the log was told of `suppressed`; it may have changed while it was written. */
  markShipped(n: number, known: boolean): void {
    this.#sql.exec('UPDATE event SET shipped = 1, marked = ? WHERE n = ?', Number(known), n);
  }

  markFannedOut(n: number): void {
    this.#sql.exec('UPDATE event SET fanned_out = 1 WHERE n = ?', n);
  }

  markLeft(n: number, atMs: number): void {
    this.#sql.exec('UPDATE event SET left_at_ms = ? WHERE n = ? AND left_at_ms IS NULL', atMs, n);
  }

  suppress(n: number, suppressed: boolean): void {
    this.#sql.exec('UPDATE event SET suppressed = ? WHERE n = ?', Number(suppressed), n);
  }

  addDelivery(row: Delivery): void {
    this.#sql.exec(
      `INSERT INTO delivery (${COLUMNS.map(([column]) => column).join(', ')})
       VALUES (${COLUMNS.map(() => '?').join(', ')})`,
      ...COLUMNS.map(([, field]) => toSql(row, field)),
    );
  }

  /** What is to be shown of it has changed: the directory's index is out of date. */
  saveDelivery(row: Delivery): void {
    this.#sql.exec(
      `UPDATE delivery SET ${CHANGING.map(([column]) => `${column} = ?`).join(', ')}, indexed = 0 WHERE id = ?`,
      ...CHANGING.map(([, field]) => toSql(row, field)),
      row.id,
    );
  }

  delivery(id: string): Delivery | null {
    const row = this.#rows('SELECT * FROM delivery WHERE id = ?', id)[0];
    return row === undefined ? null : deliveryFromSql(row);
  }

  /**
   * What a plan is made from: all in flight, and of each endpoint the `each` that are due first and the `each` that
   * would be its next probes.
   */
  waiting(each: number): Delivery[] {
    const rows = this.#rows(
      `SELECT * FROM (SELECT *,
           row_number() OVER (PARTITION BY endpoint ORDER BY next_attempt_at_ms, asked_at_ms, event_n) AS turn,
           row_number() OVER (PARTITION BY endpoint
             ORDER BY probed_at_ms IS NOT NULL, probed_at_ms, asked_at_ms, event_n) AS probe_turn
         FROM delivery WHERE status = 'waiting')
       WHERE in_flight_until_ms IS NOT NULL OR turn <= ?1 OR probe_turn <= ?1 ORDER BY event_n`,
      each,
    );
    return rows.map(deliveryFromSql);
  }

  waitingOf(eventN: number): Delivery[] {
    return this.#rows(`SELECT * FROM delivery WHERE event_n = ? AND status = 'waiting'`, eventN).map(
      deliveryFromSql,
    );
  }

  inFlight(): Delivery[] {
    return this.#rows(
      `SELECT * FROM delivery WHERE status = 'waiting' AND in_flight_until_ms IS NOT NULL`,
    ).map(deliveryFromSql);
  }

  /** Endpoints that something waits for. */
  awaitedEndpoints(): string[] {
    return this.#rows(`SELECT DISTINCT endpoint FROM delivery WHERE status = 'waiting'`).map((row) =>
      String(row['endpoint']),
    );
  }

  dropDelivery(id: string): void {
    this.#sql.exec('DELETE FROM delivery WHERE id = ?', id);
  }

  /** Kept back by this endpoint, oldest first. */
  heldBy(endpoint: string): Delivery[] {
    return this.#rows(
      `SELECT * FROM delivery WHERE endpoint = ? AND status = 'waiting' AND held = 1 ORDER BY event_n`,
      endpoint,
    ).map(deliveryFromSql);
  }

  /** From now on whatever waits for this endpoint counts as kept back by it. */
  hold(endpoint: string): void {
    this.#sql.exec(
      `UPDATE delivery SET held = 1 WHERE endpoint = ? AND status = 'waiting' AND held = 0`,
      endpoint,
    );
  }

  /** Rows that the directory's index does not have as they are. What is in flight will change soon. */
  unindexed(limit: number): (Delivery & Pick<OutgoingEvent, 'sequence' | 'type'> & { eventId: string })[] {
    const rows = this.#rows(
      `SELECT d.*, e.id AS event_id, e.type AS type, e.sequence AS sequence FROM delivery d
         JOIN event e ON e.n = d.event_n
       WHERE d.indexed = 0 AND d.in_flight_until_ms IS NULL ORDER BY d.event_n LIMIT ?`,
      limit,
    );
    return rows.map((row) => ({
      ...deliveryFromSql(row),
      eventId: String(row['event_id']),
      type: String(row['type']) as EventType,
      sequence: row['sequence'] as number | null,
    }));
  }

  /** The index has the row as it is here, if it has not changed since. */
  markIndexed(row: Delivery): void {
    this.#sql.exec(
      `UPDATE delivery SET indexed = 1 WHERE id = ? AND updated_at_ms = ? AND attempts = ? AND status = ?
         AND next_attempt_at_ms IS ? AND in_flight_until_ms IS NULL`,
      row.id,
      row.updatedAtMs,
      row.attempts,
      row.status,
      row.nextAttemptAtMs,
    );
  }

  /** Organizations of the endpoints that something waits for. */
  receivingOrganizations(): string[] {
    return this.#rows(`SELECT DISTINCT organization FROM delivery WHERE status = 'waiting'`).map((row) =>
      String(row['organization']),
    );
  }

  countWaiting(): number {
    return Number(this.#one(`SELECT count(*) AS n FROM delivery WHERE status = 'waiting'`)['n']);
  }

  /** Forgets events made before `beforeMs` that are done with, and their deliveries; the newest `kept` stay. */
  prune(beforeMs: number, kept: number, limit: number): void {
    const rows = this.#rows(
      `SELECT n FROM event WHERE n <= (SELECT max(n) FROM event) - ?
         AND at_ms < ? AND NOT ${UNFINISHED}
         AND NOT EXISTS (SELECT 1 FROM delivery WHERE event_n = event.n AND (status = 'waiting' OR indexed = 0))
       ORDER BY n LIMIT ?`,
      kept,
      beforeMs,
      limit,
    );
    for (const { n } of rows) {
      this.#sql.exec('DELETE FROM delivery WHERE event_n = ?', n);
      this.#sql.exec('DELETE FROM event WHERE n = ?', n);
    }
  }

  #rows(query: string, ...values: Value[]): Row[] {
    return this.#sql.exec<Row>(query, ...values).toArray();
  }

  #one(query: string): Row {
    return this.#sql.exec<Row>(query).one();
  }
}

function toldFromSql(row: Row): ToldEvent {
  return {
    n: Number(row['n']),
    type: String(row['type']) as EventType,
    sequence: row['sequence'] as number | null,
    atMs: Number(row['at_ms']),
    leftAtMs: row['left_at_ms'] as number | null,
    suppressed: row['suppressed'] === 1,
  };
}

function eventFromSql(row: Row): OutgoingEvent {
  return {
    ...toldFromSql(row),
    id: String(row['id']),
    organization: String(row['organization']),
    body: String(row['body']),
    marked: row['marked'] === 1,
    shipped: row['shipped'] === 1,
    fannedOut: row['fanned_out'] === 1,
  };
}

function toSql(row: Delivery, field: keyof Delivery): Value {
  return FLAGS.has(field) ? Number(row[field]) : (row[field] as Value);
}

function deliveryFromSql(row: Row): Delivery {
  const fields = COLUMNS.map(([column, field]) => [
    field,
    FLAGS.has(field) ? row[column] === 1 : (row[column] ?? null),
  ]);
  return Object.fromEntries(fields) as unknown as Delivery;
}
