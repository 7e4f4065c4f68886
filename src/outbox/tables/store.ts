/** An outbox as it is stored: its two tables, the sequence, and when to wake. No decision here. */

import { DeliveryTable } from './delivery-table.ts';
import { EventTable } from './event-table.ts';
import type { OutboxPowers } from '../powers.ts';
import type { SqlRow } from './rows.ts';

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
  readonly events: EventTable;
  readonly deliveries: DeliveryTable;
  readonly #sql: SqlStorage;
  readonly #tables: OutboxPowers['tables'];

  constructor(sql: SqlStorage, tables: OutboxPowers['tables']) {
    this.#sql = sql;
    this.#tables = tables;
    this.events = new EventTable(sql, () => tables.has('delivery'));
    this.deliveries = new DeliveryTable(sql, tables);
  }

  /** Whether the tables are there: an object may have been written before it had an outbox. */
  hasTables(): boolean {
    return this.#tables.has('outbox_state');
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
    const row = this.#sql.exec<SqlRow>('SELECT * FROM outbox_state').toArray()[0];
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

  /** Whether something is still to be told to the directory. */
  hasUnfinished(): boolean {
    return this.events.hasUnfinished() || this.deliveries.hasUnindexed();
  }

  #one(query: string): SqlRow {
    return this.#sql.exec<SqlRow>(query).one();
  }
}
