/**
 * The rows of the living account and its tombstone, each under its MAC, and one seal over those that live: SQL, MACs and
 * nothing else. What the values mean is in `columns.ts`; memory, schema and transactions are the store's. Rows of connect
 * flows have a seal of their own (`flow-table.ts`).
 */

import { rowMac } from '#crypto/digest.ts';
import type { Part } from '#crypto/encoding.ts';
import type { SqlRow } from './columns.ts';
import { CorruptRowError } from './corrupt-row.ts';

export type SealedTable = 'account' | 'connection_copy' | 'tombstone' | 'grant_row' | 'narrowed_token';

export class SealedRows {
  readonly #sql: SqlStorage;
  /** The key of rows written in the transaction that is going on; null: none was, and the seal holds. */
  #unsealed: Uint8Array | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Writes the row in the place of what is there. Inside a transaction only, which ends with `seal`. */
  put(mac: Uint8Array, table: SealedTable, values: SqlRow): void {
    this.#unsealed = mac;
    const row: SqlRow = { ...values, mac: rowMac(mac, table, parts(values)) };
    const names = Object.keys(row);
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(row),
    );
  }

  /** Rows were deleted: they are sealed anew with the transaction's end. */
  touched(mac: Uint8Array): void {
    this.#unsealed = mac;
  }

  /** The row without its MAC. @throws CorruptRowError where it does not match */
  authentic(mac: Uint8Array, table: SealedTable, row: SqlRow): SqlRow {
    const { mac: _, ...values } = row;
    if (!this.isAuthentic(mac, table, row)) throw new CorruptRowError(`${table} does not match its MAC`);
    return values;
  }

  isAuthentic(mac: Uint8Array, table: SealedTable, row: SqlRow): boolean {
    const { mac: stored, ...values } = row;
    return rowMac(mac, table, parts(values)) === stored;
  }

  /** @throws CorruptRowError where the rows of the living account are not those that were written together */
  assertSealed(mac: Uint8Array): void {
    if (!this.isSealed(mac)) throw new CorruptRowError('the rows are not those that were written together');
  }

  isSealed(mac: Uint8Array): boolean {
    // Rows that this transaction wrote are sealed at its end; nobody else can have come between.
    if (this.#unsealed !== null) return true;
    const stored = this.#sql.exec<SqlRow>('SELECT mac FROM row_seal').toArray()[0]?.['mac'];
    return this.#sealOf(mac) === stored;
  }

  /** The last act of a transaction. */
  seal(): void {
    const seal = this.#unsealed === null ? null : this.#sealOf(this.#unsealed);
    this.#unsealed = null;
    if (seal !== null) this.#sql.exec('INSERT OR REPLACE INTO row_seal (id, mac) VALUES (1, ?)', seal);
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#unsealed = null;
  }

  /**
   * One MAC over the MACs of all rows of the living account: each row by itself may be an older one that was put back
   * with its own MAC, all of them together cannot. Null where no account lives.
   */
  #sealOf(mac: Uint8Array): string | null {
    const macs = this.#sql
      .exec<{ mac: string }>(
        `SELECT mac FROM account UNION ALL SELECT mac FROM connection_copy
         UNION ALL SELECT mac FROM (SELECT mac FROM grant_row ORDER BY id)
         UNION ALL SELECT mac FROM (SELECT mac FROM narrowed_token ORDER BY grant_id, scope_key)`,
      )
      .toArray();
    return macs.length === 0
      ? null
      : rowMac(
          mac,
          'row_seal',
          macs.map((row) => row.mac),
        );
  }
}

/**
 * What a row's MAC is made over: names and values that are set, by name. A column added later is null in older rows
 * and leaves their MAC as it is; taking a value away or adding one changes it.
 */
function parts(values: SqlRow): Part[] {
  return Object.keys(values)
    .toSorted()
    .flatMap((name) => (values[name] == null ? [] : [name, values[name]]));
}
