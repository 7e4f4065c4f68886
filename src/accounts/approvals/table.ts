/**
 * SQL of an account's approvals: each row under its MAC, and one seal over all of them, so that a yes that was spent
 * cannot be put back. The seal is apart from the others, so that code which knows no approvals goes on with those.
 * No decision here; transactions are the store's.
 */

import { SealedRows } from '#objects/sealed-rows.ts';
import type { Tables } from '#objects/schema.ts';
import type { ApprovalRow } from './machine.ts';

type Row = { id: string; body: string; mac: string };

const TABLE = 'approval';
const SEAL = { table: 'approval_seal', covers: [{ table: TABLE, by: 'id' }] };

export class ApprovalTable {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #sealed: SealedRows<typeof TABLE>;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
    this.#sealed = new SealedRows(sql, SEAL, tables);
  }

  /** Oldest first. @throws CorruptRowError */
  all(mac: Uint8Array): readonly ApprovalRow[] {
    if (!this.#tables.has(TABLE)) return [];
    // Checked first: the seal also shows that a row was removed or put back.
    this.#sealed.assertSealed(mac);
    const rows = this.#sql.exec<Row>(`SELECT * FROM ${TABLE} ORDER BY id`).toArray();
    return rows
      .map((row) => {
        this.#sealed.authentic(mac, TABLE, row);
        return JSON.parse(row.body) as ApprovalRow;
      })
      .toSorted((one, other) => one.createdAtMs - other.createdAtMs);
  }

  /** Inside a transaction. */
  save(mac: Uint8Array, row: ApprovalRow): void {
    this.#tables.need(TABLE);
    this.#sealed.put(mac, TABLE, { id: row.id, body: JSON.stringify(row) });
  }

  /** Inside a transaction. */
  delete(mac: Uint8Array, id: string): void {
    if (!this.#tables.has(TABLE)) return;
    this.#sealed.touched(mac);
    this.#sql.exec('DELETE FROM approval WHERE id = ?', id);
  }

  /** The last act of a transaction. */
  seal(): void {
    this.#sealed.seal();
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#sealed.forget();
  }
}
