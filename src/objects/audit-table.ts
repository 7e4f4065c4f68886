/** SQL of an object's audit chain; the chain itself is `audit/ring.ts`. */

import type { ChainTable, HeadRow, PageRow } from '#audit/ring.ts';
import type { Checkpoint, UnkeyedRow, UnkeyedTable } from '#audit/unkeyed.ts';
import type { SqlRow } from './sql-row.ts';
import type { Tables } from './schema.ts';

export class AuditTable implements ChainTable {
  readonly #sql: SqlStorage;
  readonly #living: string;
  readonly #tables: Tables;
  readonly unkeyed: UnkeyedTable;

  /** @param living the table of the row that names the living object, whose `audit_seq` says how far the chain had come */
  constructor(sql: SqlStorage, living: string, tables: Tables) {
    this.#sql = sql;
    this.#living = living;
    this.#tables = tables;
    this.unkeyed = new UnkeyedAuditTable(sql, () => tables.has('audit_event'));
  }

  /** Values as they were found, in the types that they should have: they prove nothing before the MAC does. */
  head(): HeadRow | null {
    if (!this.#tables.has('audit_head')) return null;
    const found = this.#sql.exec<SqlRow>('SELECT * FROM audit_head').toArray()[0];
    if (found === undefined) return null;
    return {
      ...batchOf(found),
      since: Number(found['since']),
      hash: String(found['hash']),
      brokenAt: found['broken_at'] === null ? null : Number(found['broken_at']),
      mac: String(found['mac']),
    };
  }

  putHead(row: HeadRow): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO audit_head (id, since, seq, previous, bodies, hash, broken_at, mac)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
      row.since,
      row.seq,
      row.previous,
      row.bodies,
      row.hash,
      row.brokenAt,
      row.mac,
    );
  }

  page(slot: number): PageRow | null {
    if (!this.#tables.has('audit_page')) return null;
    const query = 'SELECT seq, previous, bodies FROM audit_page WHERE slot = ?';
    const found = this.#sql.exec<SqlRow>(query, slot).toArray()[0];
    return found === undefined ? null : batchOf(found);
  }

  putPage(slot: number, row: PageRow): void {
    this.#tables.need('audit_page');
    this.#sql.exec(
      'INSERT OR REPLACE INTO audit_page (slot, seq, previous, bodies) VALUES (?, ?, ?, ?)',
      slot,
      row.seq,
      row.previous,
      row.bodies,
    );
  }

  pages(): { count: number; maxSeq: number } {
    if (!this.#tables.has('audit_page')) return { count: 0, maxSeq: 0 };
    return this.#sql
      .exec<{
        count: number;
        maxSeq: number;
      }>('SELECT count(*) AS count, coalesce(max(seq), 0) AS maxSeq FROM audit_page')
      .one();
  }

  floor(): number {
    if (!this.#tables.has('audit_head')) return 0;
    const buried = this.#tables.has('tombstone') ? ' UNION ALL SELECT audit_seq FROM tombstone' : '';
    return this.#sql
      .exec<{ floor: number }>(
        `SELECT coalesce(max(audit_seq), 0) AS floor FROM
           (SELECT audit_seq FROM ${this.#living}${buried})`,
      )
      .one().floor;
  }
}

function batchOf(found: SqlRow): PageRow {
  return {
    seq: Number(found['seq']),
    previous: String(found['previous']),
    bodies: String(found['bodies']),
  };
}

/** Rows of versions up to 0.1.0: read, and erased when the ring has come round. */
class UnkeyedAuditTable implements UnkeyedTable {
  readonly #sql: SqlStorage;
  readonly #exists: () => boolean;

  constructor(sql: SqlStorage, exists: () => boolean) {
    this.#sql = sql;
    this.#exists = exists;
  }

  row(slot: number): UnkeyedRow | null {
    if (!this.#exists()) return null;
    const query = 'SELECT seq, body, hash FROM audit_event WHERE slot = ?';
    return this.#sql.exec<{ seq: number; body: string; hash: string }>(query, slot).toArray()[0] ?? null;
  }

  maxSlot(): number | null {
    if (!this.#exists()) return null;
    return this.#sql.exec<{ slot: number | null }>('SELECT max(slot) AS slot FROM audit_event').one().slot;
  }

  maxSeq(): number | null {
    if (!this.#exists()) return null;
    return this.#sql.exec<{ seq: number | null }>('SELECT max(seq) AS seq FROM audit_event').one().seq;
  }

  checkpoint(): Checkpoint | null {
    if (!this.#exists()) return null;
    const query = 'SELECT seq, hash, mac FROM audit_checkpoint';
    return this.#sql.exec<{ seq: number; hash: string; mac: string }>(query).toArray()[0] ?? null;
  }

  putCheckpoint(point: Checkpoint): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO audit_checkpoint (id, seq, hash, mac) VALUES (1, ?, ?, ?)',
      point.seq,
      point.hash,
      point.mac,
    );
  }

  drop(): void {
    if (!this.#exists()) return;
    this.#sql.exec('DELETE FROM audit_event');
    this.#sql.exec('DELETE FROM audit_checkpoint');
  }
}
