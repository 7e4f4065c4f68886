/**
 * What the rows of every object share: numbered schema steps, transactions, the row that names the living object with
 * its wrapped key, and the tombstone that follows it. A class of object adds its own tables (`accounts/store.ts`).
 * No decision here. Timers, the audit chain and the outbox have their own files.
 */

import type { Owner } from '#crypto/envelope.ts';
import { applySchema, DamagedSchemaError, NewerSchemaError, soundSchema } from '#lib/object-schema.ts';
import { BASE, groupOf, hasTable, isNewest, type StoredSchema, type TableSchema } from '#lib/table-schema.ts';
import { SealedRows, type Seal } from './sealed-rows.ts';
import type { SqlRow } from './sql-row.ts';
import type { Tables } from './schema.ts';

/** What one class of objects stores. */
export interface ObjectSchema<Table extends string> {
  /** Additive, see `lib/object-schema.ts`. Applied by the first write after waking, never by the constructor. */
  readonly tables: TableSchema;
  /**
   * The table whose one row is the living object. It and `tombstone` have the columns `organization`, `incarnation`,
   * `data_key` and `audit_seq`.
   */
  readonly living: Table;
  /** Over which rows one seal lies; null: each stands for itself. */
  readonly seal: Seal | null;
}

/** What opening the data key of a life needs. Unauthenticated: a changed value does not open. */
export interface KeyMaterial {
  /** False: deleted; the rest is of the life that follows, and stands in the tombstone. */
  readonly living: boolean;
  readonly owner: Owner;
  /** Wrapped, see `crypto/envelope.ts`. */
  readonly dataKey: string;
}

export abstract class ObjectStore<Table extends string = string> implements Tables {
  protected readonly sql: SqlStorage;
  protected readonly rows: SealedRows<Table | 'tombstone'>;
  readonly #storage: DurableObjectStorage;
  readonly #schema: ObjectSchema<Table>;
  readonly #auditSeq: () => number;
  readonly #onRollback: (() => void)[] = [];
  readonly #beforeCommit: (() => void)[] = [];
  /** Null: not looked at yet. */
  #stored: StoredSchema | null = null;
  #schemaReady = false;
  #inTransaction = false;
  #inCommit = false;
  #material: KeyMaterial | null | undefined;
  /** As the table has it, unauthenticated; undefined: not read. */
  #livingRow: SqlRow | null | undefined;

  /** @param auditSeq how far the audit chain has come at least: noted under the MAC of the row that names the object */
  constructor(storage: DurableObjectStorage, schema: ObjectSchema<Table>, auditSeq: () => number) {
    this.#storage = storage;
    this.#schema = schema;
    this.#auditSeq = auditSeq;
    this.sql = storage.sql;
    this.rows = new SealedRows(storage.sql, schema.seal, this);
  }

  /** The table whose one row is the living object. */
  get living(): Table {
    return this.#schema.living;
  }

  /** The owner of a key that is bound to this organization and life. `row` carries the key, unauthenticated. */
  protected abstract ownerOf(organization: string, incarnation: number, row: SqlRow): Owner;

  /** Drops the rows that are kept in memory: one of them was written, or a transaction was rolled back. */
  protected abstract forgetRows(): void;

  /** Seals what the class has written beside `rows`: the last act of a transaction. */
  protected sealOthers(): void {}

  /**
   * Whether anything was ever written under this name. A name that was never created has no table.
   * @throws NewerSchemaError where a newer major wrote it
   * @throws DamagedSchemaError where tables were taken away
   */
  hasTables(): boolean {
    return this.#found().version > 0;
  }

  /** Whether this table is there: some are made by the first write that needs them. @throws as `hasTables` */
  has(table: string): boolean {
    return hasTable(this.#schema.tables, this.#found(), table);
  }

  /** Makes the table where it is not there yet. Inside a write; a rollback takes it away again. */
  need(table: string): void {
    if (this.#stored !== null && hasTable(this.#schema.tables, this.#stored, table)) return;
    const group = groupOf(this.#schema.tables, table) ?? BASE;
    this.#stored = applySchema(this.sql, this.#schema.tables, group);
  }

  /** The tables that are there were looked at, and are those of this code. Nobody else makes any. */
  #isNewest(): boolean {
    return this.#stored !== null && isNewest(this.#schema.tables, this.#stored);
  }

  #found(): StoredSchema {
    this.#stored ??= soundSchema(this.sql, this.#schema.tables);
    return this.#stored;
  }

  /** As `hasTables`, for unasked work: rows of a newer major wait for newer code, damaged rows for the operator. */
  hasOwnTables(): boolean {
    try {
      return this.hasTables();
    } catch (error) {
      if (error instanceof NewerSchemaError || error instanceof DamagedSchemaError) return false;
      throw error;
    }
  }

  /** Called with a rolled-back transaction: code that remembers rows outside this store forgets them. */
  onRollback(forget: () => void): void {
    this.#onRollback.push(forget);
  }

  /** Called at the end of each write that `transaction` or `commit` makes, of nested ones at the end of the outermost. */
  beforeCommit(finish: () => void): void {
    this.#beforeCommit.push(finish);
  }

  /** Whether a write goes on, at whose end `beforeCommit` is called. */
  get isWriting(): boolean {
    return this.#inTransaction || this.#inCommit;
  }

  /** One atomic write; `fn` awaits nothing. A throw rolls back and everything remembered is dropped. */
  transaction<T>(fn: () => T): T {
    const outer = this.#inTransaction;
    this.#inTransaction = true;
    try {
      return this.#storage.transactionSync(() => {
        if (!this.#schemaReady && !this.#isNewest())
          this.#stored = applySchema(this.sql, this.#schema.tables);
        const result = fn();
        this.rows.seal();
        this.sealOthers();
        this.#schemaReady = true;
        if (!outer && !this.#inCommit) this.#finish();
        return result;
      });
    } catch (error) {
      this.forget();
      throw error;
    } finally {
      this.#inTransaction = outer;
    }
  }

  /**
   * Writes that need no rollback of their own: nothing is awaited in `fn`, so the platform commits them as one, and a
   * savepoint would cost the token path more than its row does. The remembered rows are dropped when `fn` throws.
   */
  commit(fn: () => void): void {
    if (!this.#schemaReady) {
      this.transaction(fn);
      return;
    }
    const outer = this.isWriting;
    const before = this.#inCommit;
    this.#inCommit = true;
    try {
      fn();
      if (!outer) this.#finish();
    } catch (error) {
      this.forget();
      throw error;
    } finally {
      this.#inCommit = before;
    }
  }

  #finish(): void {
    for (const finish of this.#beforeCommit) finish();
  }

  protected forget(): void {
    this.forgetAll();
    this.rows.forget();
    this.#stored = null;
    this.#schemaReady = false;
    for (const forget of this.#onRollback) forget();
  }

  /** The life that the rows speak of; null where nothing was ever created. */
  material(): KeyMaterial | null {
    if (this.#material === undefined) this.#material = this.#readMaterial();
    return this.#material;
  }

  #readMaterial(): KeyMaterial | null {
    if (!this.hasTables()) return null;
    const living = this.livingRow();
    const row = living ?? this.tombstoneRow();
    if (row === null) return null;
    const owner = this.ownerOf(String(row['organization']), Number(row['incarnation']), row);
    return { living: living !== null, owner, dataKey: String(row['data_key']) };
  }

  /** The one row of the living object, as it was read when any row was last written; unauthenticated. */
  protected livingRow(): SqlRow | null {
    if (this.#livingRow === undefined) this.#livingRow = this.first(`SELECT * FROM ${this.#schema.living}`);
    return this.#livingRow;
  }

  /** The keyed chain has begun: the object's row says so, so that a removed chain is noticed. */
  noteChain(mac: Uint8Array): void {
    const { living } = this.#schema;
    this.transaction(() => {
      const row = this.first(`SELECT * FROM ${living}`);
      // Of rows that were changed outside nothing is signed anew.
      if (row === null || !this.rows.isSealed(mac) || !this.rows.isAuthentic(mac, living, row)) return;
      this.put(mac, living, { ...this.rows.authentic(mac, living, row), ...this.chainMark() });
    });
  }

  /** How far the chain has come, for the rows that outlast a restart; null says nothing. */
  protected chainMark(): { audit_seq: number | null } {
    return { audit_seq: this.#auditSeq() || null };
  }

  /**
   * Writes the one row of the living object. Inside a transaction.
   * @param values `data_key`, `organization` and `incarnation` among them
   */
  protected putLiving(mac: Uint8Array, values: SqlRow): void {
    this.put(mac, this.#schema.living, { id: 1, ...values, ...this.chainMark() });
    const owner = this.ownerOf(String(values['organization']), Number(values['incarnation']), values);
    this.#material = { living: true, owner, dataKey: String(values['data_key']) };
  }

  /** The row that stays of a dead life; unauthenticated. Null where there is none. */
  protected tombstoneRow(): SqlRow | null {
    return this.has('tombstone') ? this.first('SELECT * FROM tombstone') : null;
  }

  /**
   * Erases the rows of `tables`, which include the living object's, and leaves a tombstone. Inside a transaction.
   * @param mac of the key that the tombstone carries
   */
  protected buryIn(mac: Uint8Array, tables: readonly string[], tombstone: SqlRow): void {
    const mark = this.chainMark();
    for (const table of tables) if (this.has(table)) this.sql.exec(`DELETE FROM ${table}`);
    this.put(mac, 'tombstone', { id: 1, ...tombstone, ...mark });
  }

  protected first(query: string): SqlRow | null {
    return this.sql.exec<SqlRow>(query).toArray()[0] ?? null;
  }

  protected put(mac: Uint8Array, table: Table | 'tombstone', values: SqlRow): void {
    if (!this.#inTransaction) throw new Error('internal: a row is written outside a transaction');
    this.need(table);
    this.rows.put(mac, table, values);
    this.forgetAll();
  }

  /** A row was written or erased: what is kept of rows is read anew. */
  protected forgetAll(): void {
    this.#material = undefined;
    this.#livingRow = undefined;
    this.forgetRows();
  }
}
