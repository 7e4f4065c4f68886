/** SQL of the account's audit ring and its checkpoint; the chain itself is `audit/ring.ts`. */

import type { Checkpoint, RingRow, RingTable } from '#audit/ring.ts';

export class AuditTable implements RingTable {
  readonly #sql: SqlStorage;
  readonly #exists: () => boolean;

  constructor(sql: SqlStorage, exists: () => boolean) {
    this.#sql = sql;
    this.#exists = exists;
  }

  row(slot: number): RingRow | null {
    const found = this.#sql
      .exec<{ seq: number; body: string; hash: string }>(
        'SELECT seq, body, hash FROM audit_event WHERE slot = ?',
        slot,
      )
      .toArray()[0];
    return found ?? null;
  }

  maxSlot(): number | null {
    if (!this.#exists()) return null;
    return this.#sql.exec<{ slot: number | null }>('SELECT max(slot) AS slot FROM audit_event').one().slot;
  }

  maxSeq(): number | null {
    if (!this.#exists()) return null;
    return this.#sql.exec<{ seq: number | null }>('SELECT max(seq) AS seq FROM audit_event').one().seq;
  }

  put(slot: number, row: RingRow): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO audit_event (slot, seq, body, hash) VALUES (?, ?, ?, ?)',
      slot,
      row.seq,
      row.body,
      row.hash,
    );
  }

  checkpoint(): Checkpoint | null {
    if (!this.#exists()) return null;
    const found = this.#sql
      .exec<{ seq: number; hash: string; mac: string }>('SELECT seq, hash, mac FROM audit_checkpoint')
      .toArray()[0];
    return found ?? null;
  }

  putCheckpoint(point: Checkpoint): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO audit_checkpoint (id, seq, hash, mac) VALUES (1, ?, ?, ?)',
      point.seq,
      point.hash,
      point.mac,
    );
  }
}
