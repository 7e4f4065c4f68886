/**
 * All SQL of an account's state: account, connection copy, grants, tombstone. Rows are kept in memory and dropped by
 * every write to them; the columns that decide anything are covered by a MAC, checked when a row is read.
 * No decision here. Attempts, timers and the audit ring have their own files.
 */

import { rowMac } from '#crypto/digest.ts';
import type { Part } from '#crypto/encoding.ts';
import { applySchema, hasSchema, NewerSchemaError, storedVersion } from '#lib/object-schema.ts';
import { Descriptor } from '#providers/descriptor.ts';
import { LATER_SETTINGS } from '#providers/settings.ts';
import type { AccountRow, ConnectionSettings, GrantRow, NarrowedRow, TombstoneRow } from './rows.ts';
import { ACCOUNT_SCHEMA, CONNECT_TABLES_SINCE, REVOCATION_TABLE_SINCE } from './schema.ts';
import { RevocationTable } from './revocation-table.ts';
import { CorruptRowError } from './corrupt-row.ts';
import { FlowTable } from './flow-table.ts';
import {
  accountFromSql,
  accountToSql,
  grantFromSql,
  grantToSql,
  narrowedFromSql,
  narrowedToSql,
  tombstoneFromSql,
  tombstoneToSql,
  type SqlRow,
} from './columns.ts';

/** Everything of a living account that a decision needs. */
export interface AccountState {
  readonly account: AccountRow;
  readonly grants: readonly GrantRow[];
  readonly narrowed: readonly NarrowedRow[];
  readonly settings: ConnectionSettings;
}

export { CorruptRowError } from './corrupt-row.ts';

type Table = 'account' | 'connection_copy' | 'tombstone' | 'grant_row' | 'narrowed_token';

/**
 * What a row's MAC is made over: names and values that are set, by name. A column added later is null in older rows
 * and leaves their MAC as it is; taking a value away or adding one changes it.
 */
function parts(values: SqlRow): Part[] {
  return Object.keys(values)
    .toSorted()
    .flatMap((name) => (values[name] == null ? [] : [name, values[name]]));
}

export class AccountStore {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;
  /** Sessions and candidates. */
  readonly flows: FlowTable;
  /** Grants that have ended here and not yet at their provider; they outlive the account. */
  readonly revocations: RevocationTable;
  readonly #onRollback: (() => void)[] = [];
  /** Of the stored schema; 0: nothing was ever written. Null: not looked at yet. */
  #version: number | null = null;
  #schemaReady = false;
  #state: AccountState | null | undefined;
  /** The key of rows written in the transaction that is going on; null: none was, and the seal holds. */
  #unsealed: Uint8Array | null = null;
  #inTransaction = false;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
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
   */
  hasTables(): boolean {
    return this.#storedVersion() > 0;
  }

  #storedVersion(): number {
    this.#version ??= hasSchema(this.#sql, ACCOUNT_SCHEMA) ? storedVersion(this.#sql) : 0;
    return this.#version;
  }

  /** As `hasTables`, for what nobody asked for: what a newer major wrote waits for newer code. */
  hasOwnTables(): boolean {
    try {
      return this.hasTables();
    } catch (error) {
      if (error instanceof NewerSchemaError) return false;
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
        this.#sealRows();
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
    this.#unsealed = null;
    this.flows.forget();
    this.#version = null;
    this.#schemaReady = false;
    for (const forget of this.#onRollback) forget();
  }

  /** Wrapped key, organization and incarnation of the living account: what opening the data key needs. Unauthenticated. */
  keyMaterial(): Pick<
    AccountRow,
    'accountId' | 'organization' | 'incarnation' | 'dataKey' | 'generationCounter'
  > | null {
    if (!this.hasTables()) return null;
    const row = this.#first(
      'SELECT account_id, organization, incarnation, data_key, generation_counter FROM account',
    );
    if (row === null) return null;
    return {
      accountId: String(row['account_id']),
      organization: String(row['organization']),
      incarnation: Number(row['incarnation']),
      dataKey: String(row['data_key']),
      generationCounter: Number(row['generation_counter']),
    };
  }

  /** Whose row it says it is; unauthenticated, good for refusing only. */
  claimedNames(): Pick<AccountRow, 'organization' | 'connection' | 'identifier' | 'provider'> | null {
    if (!this.hasTables()) return null;
    const row = this.#first('SELECT organization, connection, identifier, provider FROM account');
    if (row === null) return null;
    const { organization, connection, identifier, provider } = row;
    return {
      organization: String(organization),
      connection: String(connection),
      identifier: String(identifier),
      provider: String(provider),
    };
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
    // Rows that this transaction wrote are sealed at its end; nobody else can have come between.
    const isSealed = this.#unsealed === null;
    if (isSealed && this.#sealOf(mac) !== this.#first('SELECT mac FROM row_seal')?.['mac']) {
      throw new CorruptRowError('the rows are not those that were written together');
    }
    return {
      account: accountFromSql(this.#authentic(mac, 'account', account)),
      settings: settingsFromText(String(this.#authentic(mac, 'connection_copy', settings)['settings'])),
      grants: grants.map((row) => grantFromSql(this.#authentic(mac, 'grant_row', row))),
      narrowed: narrowed.map((row) => narrowedFromSql(this.#authentic(mac, 'narrowed_token', row))),
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
    this.#unsealed = mac;
    this.#state = undefined;
  }

  saveAccount(mac: Uint8Array, row: AccountRow): void {
    this.#put(mac, 'account', { id: 1, ...accountToSql(row) });
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
    if (row !== null) this.#authentic(mac, 'tombstone', row);
  }

  /** Erases everything but audit, outbox, tombstone and what is to be revoked. */
  bury(mac: Uint8Array, row: TombstoneRow): void {
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
    this.#put(mac, 'tombstone', { id: 1, ...tombstoneToSql(row) });
  }

  #first(query: string): SqlRow | null {
    return this.#sql.exec<SqlRow>(query).toArray()[0] ?? null;
  }

  #authentic(mac: Uint8Array, table: Table, row: SqlRow): SqlRow {
    const { mac: stored, ...values } = row;
    if (rowMac(mac, table, parts(values)) !== stored)
      throw new CorruptRowError(`${table} does not match its MAC`);
    return values;
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

  /** The last act of a transaction that wrote rows. */
  #sealRows(): void {
    const seal = this.#unsealed === null ? null : this.#sealOf(this.#unsealed);
    this.#unsealed = null;
    if (seal !== null) this.#sql.exec('INSERT OR REPLACE INTO row_seal (id, mac) VALUES (1, ?)', seal);
    this.flows.seal();
  }

  #put(mac: Uint8Array, table: Table, values: SqlRow): void {
    if (!this.#inTransaction) throw new Error('internal: a row is written outside a transaction');
    this.#unsealed = mac;
    const row: SqlRow = { ...values, mac: rowMac(mac, table, parts(values)) };
    const names = Object.keys(row);
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(row),
    );
    this.#state = undefined;
  }
}

/**
 * Settings may have been stored by code that knew fewer facts of a provider: what it left out has its default, so that
 * no answer of a provider meets a descriptor with holes. One that newer code wrote is taken as it is.
 */
function settingsFromText(text: string): ConnectionSettings {
  const settings: ConnectionSettings = { ...LATER_SETTINGS, ...JSON.parse(text) };
  const descriptor = Descriptor.safeParse(settings.descriptor);
  return descriptor.success ? { ...settings, descriptor: descriptor.data } : settings;
}
