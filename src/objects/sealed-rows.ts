/**
 * Rows of one object, each under its MAC, and where asked for one seal over several tables: SQL, MACs and nothing else.
 * What the values mean is the object's; memory, schema and transactions are `store.ts`'s.
 */

import { rowMac } from '#crypto/digest.ts';
import type { Part } from '#crypto/encoding.ts';
import { CorruptRowError } from './corrupt-row.ts';
import type { SqlRow } from './sql-row.ts';
import type { Tables } from './schema.ts';

/** One MAC over the MACs of several rows: an older row that is put back with its own MAC is noticed. */
export interface Seal {
  /** Where it is kept: a table of one row with `id` and `mac`. Part of what the seal is made over. */
  readonly table: string;
  /** The tables whose rows it covers, in this order; in each the rows by these columns. */
  readonly covers: readonly { readonly table: string; readonly by: string }[];
}

export class SealedRows<Table extends string> {
  readonly #sql: SqlStorage;
  readonly #seal: Seal | null;
  readonly #tables: Pick<Tables, 'has'>;
  /** The key of rows written in the transaction that is going on; null: none was, and the seal holds. */
  #unsealed: Uint8Array | null = null;

  /** @param seal null: each row stands for itself */
  constructor(sql: SqlStorage, seal: Seal | null, tables: Pick<Tables, 'has'>) {
    this.#sql = sql;
    this.#seal = seal;
    this.#tables = tables;
  }

  /** Writes the row in the place of what is there. Inside a transaction only, which ends with `seal`. */
  put(mac: Uint8Array, table: Table, values: SqlRow): void {
    this.#unsealed = mac;
    const row: SqlRow = { ...values, mac: macOfRow(mac, table, values) };
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
  authentic(mac: Uint8Array, table: Table, row: SqlRow): SqlRow {
    const { mac: _, ...values } = row;
    if (!this.isAuthentic(mac, table, row)) throw new CorruptRowError(`${table} does not match its MAC`);
    return values;
  }

  isAuthentic(mac: Uint8Array, table: Table, row: SqlRow): boolean {
    const { mac: stored, ...values } = row;
    return macOfRow(mac, table, values) === stored;
  }

  /**
   * @param rows those that the seal covers, in its order, where the caller has read them; left out: they are read
   * @throws CorruptRowError where the rows are not those that were written together
   */
  assertSealed(mac: Uint8Array, rows?: readonly SqlRow[]): void {
    if (!this.isSealed(mac, rows))
      throw new CorruptRowError('the rows are not those that were written together');
  }

  isSealed(mac: Uint8Array, rows?: readonly SqlRow[]): boolean {
    // Rows that this transaction wrote are sealed at its end; no other writer can have come between.
    if (this.#seal === null || this.#unsealed !== null) return true;
    const stored = this.#sql.exec<SqlRow>(`SELECT mac FROM ${this.#seal.table}`).toArray()[0]?.['mac'];
    return this.#sealOf(this.#seal, mac, rows ?? this.#covered(this.#seal)) === (stored ?? null);
  }

  /** The last act of a transaction. */
  seal(): void {
    const mac = this.#unsealed;
    this.#unsealed = null;
    if (this.#seal === null || mac === null) return;
    const { table } = this.#seal;
    const seal = this.#sealOf(this.#seal, mac, this.#covered(this.#seal));
    if (seal === null) this.#sql.exec(`DELETE FROM ${table}`);
    else this.#sql.exec(`INSERT OR REPLACE INTO ${table} (id, mac) VALUES (1, ?)`, seal);
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#unsealed = null;
  }

  /** Null where there are no rows: then there is no seal either. */
  #sealOf({ table }: Seal, mac: Uint8Array, rows: readonly SqlRow[]): string | null {
    if (rows.length === 0) return null;
    return rowMac(
      mac,
      table,
      rows.map((row) => row['mac'] as string),
    );
  }

  #covered({ covers }: Seal): SqlRow[] {
    const parts = covers
      .filter(({ table }) => this.#tables.has(table))
      .map(({ table, by }) => `SELECT mac FROM (SELECT mac FROM ${table} ORDER BY ${by})`);
    return parts.length === 0 ? [] : this.#sql.exec<SqlRow>(parts.join(' UNION ALL ')).toArray();
  }
}

/**
 * A row's MAC: over names and values that are set, by name. A column added later is null in older rows and leaves their
 * MAC as it is; taking a value away or adding one changes it.
 */
export function macOfRow(mac: Uint8Array, table: string, values: SqlRow): string {
  const parts = Object.keys(values)
    .toSorted()
    .flatMap((name): Part[] => (values[name] == null ? [] : [name, values[name]]));
  return rowMac(mac, table, parts);
}
