/** SQL of the table `delivery`: one event on its way to one endpoint. No decision here. */

import type { EventType } from '#webhooks/event.ts';
import type { OutboxPowers } from '../powers.ts';
import type { Delivery, OutgoingEvent, SqlRow, SqlValue } from './rows.ts';

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
  ['last_failure', 'lastFailure'],
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

/** An endpoint that something waits for, and whose it is. */
export interface Awaited {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
}

export class DeliveryTable {
  readonly #sql: SqlStorage;
  readonly #tables: OutboxPowers['tables'];

  constructor(sql: SqlStorage, tables: OutboxPowers['tables']) {
    this.#sql = sql;
    this.#tables = tables;
  }

  add(row: Delivery): void {
    this.#tables.need('delivery');
    this.#sql.exec(
      `INSERT INTO delivery (${COLUMNS.map(([column]) => column).join(', ')})
       VALUES (${COLUMNS.map(() => '?').join(', ')})`,
      ...COLUMNS.map(([, field]) => toSql(row, field)),
    );
  }

  /** Writes a delivery that has changed; from then on the directory's index is out of date. */
  save(row: Delivery): void {
    this.#sql.exec(
      `UPDATE delivery SET ${CHANGING.map(([column]) => `${column} = ?`).join(', ')}, indexed = 0 WHERE id = ?`,
      ...CHANGING.map(([, field]) => toSql(row, field)),
      row.id,
    );
  }

  byId(id: string): Delivery | null {
    const row = this.#rows('SELECT * FROM delivery WHERE id = ?', id)[0];
    return row === undefined ? null : deliveryFromSql(row);
  }

  /** Endpoints that something waits for. */
  awaited(): Awaited[] {
    const query = `SELECT DISTINCT endpoint, organization FROM delivery WHERE status = 'waiting'`;
    return this.#rows(query).map((row) => ({
      id: String(row['endpoint']),
      organization: String(row['organization']),
    }));
  }

  hasWaiting(): boolean {
    return this.#rows(`SELECT 1 AS found FROM delivery WHERE status = 'waiting' LIMIT 1`).length > 0;
  }

  inFlight(): Delivery[] {
    return this.#waiting('in_flight_until_ms IS NOT NULL');
  }

  waitingOf(eventN: number): Delivery[] {
    return this.#waiting('event_n = ?', eventN);
  }

  /** All that wait for this endpoint. */
  waitingFor(endpoint: Awaited): Delivery[] {
    return this.#waiting('endpoint = ? AND organization = ?', endpoint.id, endpoint.organization);
  }

  /** The `limit` that are due first, of those kept back and of the others. */
  dueFirst(endpoint: Awaited, limit: number): Delivery[] {
    const how = 'endpoint = ? AND organization = ? AND held = ? ORDER BY next_attempt_at_ms LIMIT ?';
    return [0, 1].flatMap((held) => this.#waiting(how, endpoint.id, endpoint.organization, held, limit));
  }

  /** The `limit` that would be this endpoint's next probes. */
  probesFirst(endpoint: Awaited, limit: number): Delivery[] {
    const how = `endpoint = ? AND organization = ?
      ORDER BY probed_at_ms IS NOT NULL, probed_at_ms, asked_at_ms, event_n LIMIT ?`;
    return this.#waiting(how, endpoint.id, endpoint.organization, limit);
  }

  /** Kept back by this endpoint, oldest first. */
  heldBy(endpoint: Awaited): Delivery[] {
    const how = 'endpoint = ? AND organization = ? AND held = 1 ORDER BY event_n';
    return this.#waiting(how, endpoint.id, endpoint.organization);
  }

  /** From now on each delivery that waits for this endpoint counts as kept back by it. */
  hold(endpoint: Awaited): void {
    if (!this.#tables.has('delivery')) return;
    this.#sql.exec(
      `UPDATE delivery SET held = 1 WHERE status = 'waiting' AND endpoint = ? AND organization = ? AND held = 0`,
      endpoint.id,
      endpoint.organization,
    );
  }

  #waiting(how: string, ...values: SqlValue[]): Delivery[] {
    return this.#rows(`SELECT * FROM delivery WHERE status = 'waiting' AND ${how}`, ...values).map(
      deliveryFromSql,
    );
  }

  drop(id: string): void {
    this.#sql.exec('DELETE FROM delivery WHERE id = ?', id);
  }

  /**
   * Rows that the directory's index does not have as they are. A delivery in flight is left out: it will change soon.
   */
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

  /** Whether the directory's index is behind. */
  hasUnindexed(): boolean {
    const query = 'SELECT 1 AS found FROM delivery WHERE indexed = 0 AND in_flight_until_ms IS NULL LIMIT 1';
    return this.#rows(query).length > 0;
  }

  #rows(query: string, ...values: SqlValue[]): SqlRow[] {
    if (!this.#tables.has('delivery')) return [];
    return this.#sql.exec<SqlRow>(query, ...values).toArray();
  }
}

function toSql(row: Delivery, field: keyof Delivery): SqlValue {
  return FLAGS.has(field) ? Number(row[field]) : (row[field] as SqlValue);
}

function deliveryFromSql(row: SqlRow): Delivery {
  const fields = COLUMNS.map(([column, field]) => [
    field,
    FLAGS.has(field) ? row[column] === 1 : (row[column] ?? null),
  ]);
  return Object.fromEntries(fields) as unknown as Delivery;
}
