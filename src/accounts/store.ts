/**
 * An account's state: account, connection copy, grants, tombstone, and the transactions of the whole object. Rows are
 * kept in memory and dropped by every write to them; their MACs and their seal are `sealed-rows.ts`'s.
 * No decision here. Attempts, timers and the audit ring have their own files.
 */

import {
  applySchema,
  DamagedSchemaError,
  NewerSchemaError,
  soundVersion,
  storedVersion,
} from '#lib/object-schema.ts';
import type { AccountRow, ConnectionSettings, GrantRow, NarrowedRow, TombstoneRow } from './rows.ts';
import { ACCOUNT_SCHEMA, CONNECT_TABLES_SINCE, KEYED_CHAIN_SINCE, REVOCATION_TABLE_SINCE } from './schema.ts';
import { RevocationTable } from './revocation-table.ts';
import { CorruptRowError } from './corrupt-row.ts';
import { FlowTable } from './flow-table.ts';
import { SealedRows, type SealedTable } from './sealed-rows.ts';
import {
  accountFromSql,
  accountToSql,
  grantFromSql,
  grantToSql,
  keyMaterialFromSql,
  namesFromSql,
  narrowedFromSql,
  narrowedToSql,
  settingsFromText,
  tombstoneFromSql,
  tombstoneToSql,
  type KeyMaterial,
  type Names,
  type SqlRow,
} from './columns.ts';

/** Everything of a living account that a decision needs. */
export interface AccountState {
  readonly account: AccountRow;
  readonly grants: readonly GrantRow[];
  readonly narrowed: readonly NarrowedRow[];
  readonly settings: ConnectionSettings;
}

export class AccountStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  readonly #rows: SealedRows;
  /** Sessions and candidates. */
  readonly flows: FlowTable;
  /** Grants that have ended here and not yet at their provider; they outlive the account. */
  readonly revocations: RevocationTable;
  readonly #onRollback: (() => void)[] = [];
  /** Of the stored schema; 0: nothing was ever written. Null: not looked at yet. */
  #version: number | null = null;
  #schemaReady = false;
  #state: AccountState | null | undefined;
  #inTransaction = false;
  /** Null says nothing. */
  readonly #auditSeq: () => number | null;

  /** @param auditSeq how far the audit chain has come at least: noted under the MAC of the account's row */
  constructor(storage: DurableObjectStorage, auditSeq: () => number = () => 0) {
    this.#auditSeq = () => auditSeq() || null;
    this.#storage = storage;
    this.#sql = storage.sql;
    this.#rows = new SealedRows(storage.sql);
    this.flows = new FlowTable(
      storage.sql,
      (mac) => this.state(mac) !== null && this.#storedVersion() >= CONNECT_TABLES_SINCE,
      () => {
        this.#state = undefined;
      },
    );
    this.revocations = new RevocationTable(
      storage.sql,
      () => this.hasTables() && this.#storedVersion() >= REVOCATION_TABLE_SINCE,
    );
  }

  /**
   * `true` when anything was ever written under this name. A name that was never created has no table.
   * @throws NewerSchemaError where a newer major wrote it
   * @throws DamagedSchemaError where tables were taken away
   */
  hasTables(): boolean {
    return this.#storedVersion() > 0;
  }

  /** Whether the tables of the keyed audit chain are there. */
  hasKeyedChain(): boolean {
    return this.hasTables() && this.#storedVersion() >= KEYED_CHAIN_SINCE;
  }

  #storedVersion(): number {
    this.#version ??= soundVersion(this.#sql, ACCOUNT_SCHEMA);
    return this.#version;
  }

  /** As `hasTables`, for what nobody asked for: what a newer major wrote waits for newer code, what is damaged for its operator. */
  hasOwnTables(): boolean {
    try {
      return this.hasTables();
    } catch (error) {
      if (error instanceof NewerSchemaError || error instanceof DamagedSchemaError) return false;
      throw error;
    }
  }

  /** Called with a rolled-back transaction: whoever remembers rows outside this store forgets them. */
  onRollback(forget: () => void): void {
    this.#onRollback.push(forget);
  }

  /** One atomic write; `fn` awaits nothing. A throw rolls back and everything remembered is dropped. */
  transaction<T>(fn: () => T): T {
    const outer = this.#inTransaction;
    this.#inTransaction = true;
    try {
      return this.#storage.transactionSync(() => {
        if (!this.#schemaReady) {
          applySchema(this.#sql, ACCOUNT_SCHEMA);
          this.#version = storedVersion(this.#sql);
        }
        const result = fn();
        this.#rows.seal();
        this.flows.seal();
        this.#schemaReady = true;
        return result;
      });
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      this.#inTransaction = outer;
    }
  }

  /**
   * Writes that need no rollback of their own: nothing is awaited in `fn`, so the platform commits them as one, and a
   * savepoint would cost the token path more than its row does. What is remembered is dropped when `fn` throws.
   */
  commit(fn: () => void): void {
    if (!this.#schemaReady) {
      this.transaction(fn);
      return;
    }
    try {
      fn();
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.#state = undefined;
    this.#rows.forget();
    this.flows.forget();
    this.#version = null;
    this.#schemaReady = false;
    for (const forget of this.#onRollback) forget();
  }

  /** Wrapped key, organization and incarnation of the living account: what opening the data key needs. Unauthenticated. */
  keyMaterial(): KeyMaterial | null {
    if (!this.hasTables()) return null;
    const row = this.#first(
      'SELECT account_id, organization, incarnation, data_key, generation_counter FROM account',
    );
    return row === null ? null : keyMaterialFromSql(row);
  }

  /**
   * Whether rows of a life are here and the one that names it is not: every life begins with its row and its settings,
   * and ends with a tombstone in their place.
   */
  lacksItsRow(): boolean {
    if (!this.hasTables() || this.#first('SELECT id FROM account') !== null) return false;
    const isBuried = this.#first('SELECT id FROM tombstone') !== null;
    return !isBuried || this.#first('SELECT id FROM connection_copy') !== null;
  }

  /** Whose row it says it is; unauthenticated, good for refusing only. */
  claimedNames(): Names | null {
    if (!this.hasTables()) return null;
    const row = this.#first('SELECT organization, connection, identifier, provider FROM account');
    return row === null ? null : namesFromSql(row);
  }

  /** Account, grants and settings, or null where no living account is. @throws CorruptRowError */
  state(mac: Uint8Array): AccountState | null {
    if (this.#state !== undefined) return this.#state;
    this.#state = this.#readState(mac);
    return this.#state;
  }

  #readState(mac: Uint8Array): AccountState | null {
    if (!this.hasTables()) return null;
    const account = this.#first('SELECT * FROM account');
    if (account === null) return null;
    const settings = this.#first('SELECT * FROM connection_copy');
    if (settings === null) throw new CorruptRowError('connection_copy is missing');
    const grants = this.#sql.exec<SqlRow>('SELECT * FROM grant_row ORDER BY id').toArray();
    const narrowed = this.#sql
      .exec<SqlRow>('SELECT * FROM narrowed_token ORDER BY grant_id, scope_key')
      .toArray();
    this.#rows.assertSealed(mac);
    return {
      account: accountFromSql(this.#rows.authentic(mac, 'account', account)),
      settings: settingsFromText(String(this.#rows.authentic(mac, 'connection_copy', settings)['settings'])),
      grants: grants.map((row) => grantFromSql(this.#rows.authentic(mac, 'grant_row', row))),
      narrowed: narrowed.map((row) => narrowedFromSql(this.#rows.authentic(mac, 'narrowed_token', row))),
    };
  }

  /** The settings as they are stored; what is made of them is shown, not acted on. Null where there are none. */
  settings(): ConnectionSettings | null {
    if (this.#state != null) return this.#state.settings;
    const row = this.hasTables() ? this.#first('SELECT settings FROM connection_copy') : null;
    return row === null ? null : settingsFromText(String(row['settings']));
  }

  deleteGrant(mac: Uint8Array, id: number): void {
    this.#sql.exec('DELETE FROM grant_row WHERE id = ?', id);
    this.#sql.exec('DELETE FROM narrowed_token WHERE grant_id = ?', id);
    this.#rows.touched(mac);
    this.#state = undefined;
  }

  saveAccount(mac: Uint8Array, row: AccountRow): void {
    this.#put(mac, 'account', { id: 1, ...accountToSql(row), audit_seq: this.#auditSeq() });
  }

  /** The keyed chain has begun: the account's row says so, that nobody takes the chain away and nothing tells of it. */
  noteChain(mac: Uint8Array): void {
    this.transaction(() => {
      const row = this.#first('SELECT * FROM account');
      // Of rows that were changed outside nothing is signed anew.
      if (row === null || !this.#rows.isSealed(mac) || !this.#rows.isAuthentic(mac, 'account', row)) return;
      this.#put(mac, 'account', {
        ...this.#rows.authentic(mac, 'account', row),
        audit_seq: this.#auditSeq(),
      });
    });
  }

  saveSettings(mac: Uint8Array, settings: ConnectionSettings): void {
    this.#put(mac, 'connection_copy', { id: 1, settings: JSON.stringify(settings) });
  }

  saveGrant(mac: Uint8Array, row: GrantRow): void {
    this.#put(mac, 'grant_row', grantToSql(row));
  }

  /** Keeps the newest `kept` narrowed tokens of the grant. */
  saveNarrowed(mac: Uint8Array, row: NarrowedRow, kept: number): void {
    this.#put(mac, 'narrowed_token', narrowedToSql(row));
    this.#sql.exec(
      `DELETE FROM narrowed_token WHERE grant_id = ? AND scope_key NOT IN
         (SELECT scope_key FROM narrowed_token WHERE grant_id = ? ORDER BY access_token IS NULL, generation DESC LIMIT ?)`,
      row.grantId,
      row.grantId,
      kept,
    );
  }

  deleteNarrowed(): void {
    this.#sql.exec('DELETE FROM narrowed_token');
    this.#state = undefined;
  }

  deleteGrants(): void {
    this.#sql.exec('DELETE FROM grant_row');
    this.#sql.exec('DELETE FROM narrowed_token');
    this.#state = undefined;
  }

  /** What stays of a deleted account. Its MAC is under the key of the next life, which the row carries wrapped. */
  tombstone(): TombstoneRow | null {
    if (!this.hasTables()) return null;
    const row = this.#first('SELECT * FROM tombstone');
    return row === null ? null : tombstoneFromSql(row);
  }

  /** To be asked with the next life's key before that life begins on what the tombstone says. @throws CorruptRowError */
  assertTombstone(mac: Uint8Array): void {
    const row = this.hasTables() ? this.#first('SELECT * FROM tombstone') : null;
    if (row !== null) this.#rows.authentic(mac, 'tombstone', row);
  }

  /** Erases everything but audit, outbox, tombstone and what is to be revoked. */
  bury(mac: Uint8Array, row: TombstoneRow): void {
    const auditSeq = this.#auditSeq();
    for (const table of [
      'account',
      'connection_copy',
      'grant_row',
      'narrowed_token',
      'connect_session',
      'candidate',
      'connect_seal',
      'row_seal',
      'refresh_attempt',
      'timer',
    ]) {
      this.#sql.exec(`DELETE FROM ${table}`);
    }
    this.#put(mac, 'tombstone', { id: 1, ...tombstoneToSql(row), audit_seq: auditSeq });
  }

  #first(query: string): SqlRow | null {
    return this.#sql.exec<SqlRow>(query).toArray()[0] ?? null;
  }

  #put(mac: Uint8Array, table: SealedTable, values: SqlRow): void {
    if (!this.#inTransaction) throw new Error('internal: a row is written outside a transaction');
    this.#rows.put(mac, table, values);
    this.#state = undefined;
  }
}
