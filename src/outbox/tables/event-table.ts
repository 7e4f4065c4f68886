/** SQL of the table `event`: what was told, in its order, and how far it has come. No decision here. */

import type { EventType } from '#webhooks/event.ts';
import type { EventSubstance } from './event-mac.ts';
import type { OutgoingEvent, SqlRow, SqlValue, ToldEvent } from './rows.ts';

const TOLD = 'n, type, sequence, at_ms, left_at_ms, suppressed';
/** In the words of the index that finds them. */
const UNFINISHED = '(shipped = 0 OR fanned_out = 0 OR marked <> suppressed)';

export class EventTable {
  readonly #sql: SqlStorage;
  readonly #hasDeliveries: () => boolean;

  /** @param hasDeliveries whether the table of deliveries is there */
  constructor(sql: SqlStorage, hasDeliveries: () => boolean) {
    this.#sql = sql;
    this.#hasDeliveries = hasDeliveries;
  }

  add(event: EventSubstance, mac: string): void {
    this.#sql.exec(
      `INSERT INTO event (id, type, sequence, at_ms, organization, body, mac, suppressed, marked, shipped, fanned_out)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0)`,
      event.id,
      event.type,
      event.sequence,
      event.atMs,
      event.organization,
      event.body,
      mac,
    );
  }

  setMac(n: number, mac: string): void {
    this.#sql.exec('UPDATE event SET mac = ? WHERE n = ?', mac, n);
  }

  /** All that may still leave: the newest `kept`, and what is not done with. */
  mayLeave(kept: number): OutgoingEvent[] {
    const rows = this.#rows(
      `SELECT * FROM event WHERE n > (SELECT max(n) FROM event) - ? OR ${UNFINISHED}
         ${this.#hasDeliveries() ? "OR n IN (SELECT event_n FROM delivery WHERE status = 'waiting')" : ''}`,
      kept,
    );
    return rows.map(eventFromSql);
  }

  byN(n: number): OutgoingEvent | null {
    const row = this.#rows('SELECT * FROM event WHERE n = ?', n)[0];
    return row === undefined ? null : eventFromSql(row);
  }

  holds(id: string): boolean {
    return this.#rows('SELECT 1 AS found FROM event WHERE id = ?', id).length > 0;
  }

  /** Not in the directory's log yet, oldest first. */
  unshipped(limit: number): OutgoingEvent[] {
    return this.#unfinished('shipped = 0', limit);
  }

  /** In the log, which says something else of their suppression. */
  unmarked(limit: number): OutgoingEvent[] {
    return this.#unfinished('shipped = 1 AND marked <> suppressed', limit);
  }

  /** Their deliveries have not been made, oldest first. */
  unsent(limit: number): OutgoingEvent[] {
    return this.#unfinished('fanned_out = 0', limit);
  }

  #unfinished(how: string, limit: number): OutgoingEvent[] {
    const query = `SELECT * FROM event WHERE ${UNFINISHED} AND ${how} ORDER BY n LIMIT ?`;
    return this.#rows(query, limit).map(eventFromSql);
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

  /** Whether any is not in the log as it is, or has no deliveries yet. */
  hasUnfinished(): boolean {
    return this.#rows(`SELECT 1 AS found FROM event WHERE ${UNFINISHED} LIMIT 1`).length > 0;
  }

  /** Forgets events made before `beforeMs` that are done with, and their deliveries; the newest `kept` stay. */
  prune(beforeMs: number, kept: number, limit: number): void {
    const hasDeliveries = this.#hasDeliveries();
    const undelivered = `NOT EXISTS (SELECT 1 FROM delivery
           WHERE event_n = event.n AND (status = 'waiting' OR indexed = 0))`;
    const rows = this.#rows(
      `SELECT n FROM event WHERE n <= (SELECT max(n) FROM event) - ?
         AND at_ms < ? AND NOT ${UNFINISHED}
         ${hasDeliveries ? `AND ${undelivered}` : ''}
       ORDER BY n LIMIT ?`,
      kept,
      beforeMs,
      limit,
    );
    for (const { n } of rows) {
      if (hasDeliveries) this.#sql.exec('DELETE FROM delivery WHERE event_n = ?', n);
      this.#sql.exec('DELETE FROM event WHERE n = ?', n);
    }
  }

  #rows(query: string, ...values: SqlValue[]): SqlRow[] {
    return this.#sql.exec<SqlRow>(query, ...values).toArray();
  }
}

function toldFromSql(row: SqlRow): ToldEvent {
  return {
    n: Number(row['n']),
    type: String(row['type']) as EventType,
    sequence: row['sequence'] as number | null,
    atMs: Number(row['at_ms']),
    leftAtMs: row['left_at_ms'] as number | null,
    suppressed: row['suppressed'] === 1,
  };
}

function eventFromSql(row: SqlRow): OutgoingEvent {
  return {
    ...toldFromSql(row),
    id: String(row['id']),
    organization: String(row['organization']),
    body: String(row['body']),
    marked: row['marked'] === 1,
    shipped: row['shipped'] === 1,
    fannedOut: row['fanned_out'] === 1,
    mac: (row['mac'] ?? null) as string | null,
  };
}
