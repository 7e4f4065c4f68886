/**
 * An account's state: account, connection copy, grants, tombstone. Rows are kept in memory and dropped by every write to
 * them; schema, transactions, MACs and the seal are `objects/store.ts`'s.
 * No decision here. Attempts, timers and the audit ring have their own files.
 */

import type { Owner } from '#crypto/envelope.ts';
import { accountOwner } from '#crypto/places.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { SqlRow } from '#objects/sql-row.ts';
import { ObjectStore, type ObjectSchema } from '#objects/store.ts';
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
  type AccountKey,
  type Names,
} from './columns.ts';
import { RevocationTable } from './ending/revocation-table.ts';
import { FlowTable } from './flows/sessions/table.ts';
import type { AccountRow, ConnectionSettings, GrantRow, NarrowedRow, TombstoneRow } from './rows.ts';
import { ACCOUNT_SCHEMA, CONNECT_TABLES_SINCE, KEYED_CHAIN_SINCE, REVOCATION_TABLE_SINCE } from './schema.ts';

/** Everything of a living account that a decision needs. */
export interface AccountState {
  readonly account: AccountRow;
  readonly grants: readonly GrantRow[];
  readonly narrowed: readonly NarrowedRow[];
  readonly settings: ConnectionSettings;
}

type Table = 'account' | 'connection_copy' | 'grant_row' | 'narrowed_token';

const SCHEMA: ObjectSchema<Table> = {
  steps: ACCOUNT_SCHEMA,
  keyedChainSince: KEYED_CHAIN_SINCE,
  living: 'account',
  seal: {
    table: 'row_seal',
    rows: `SELECT mac FROM account UNION ALL SELECT mac FROM connection_copy
           UNION ALL SELECT mac FROM (SELECT mac FROM grant_row ORDER BY id)
           UNION ALL SELECT mac FROM (SELECT mac FROM narrowed_token ORDER BY grant_id, scope_key)`,
  },
};

/** Of a life, with the timers that look after it. What outlives it: audit, outbox, tombstone, what is to be revoked. */
const OF_A_LIFE = [
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
];

export class AccountStore extends ObjectStore<Table> {
  /** Sessions and candidates. */
  readonly flows: FlowTable;
  /** Grants that have ended here and not yet at their provider; they outlive the account. */
  readonly revocations: RevocationTable;
  #state: AccountState | null | undefined;

  /** @param auditSeq how far the audit chain has come at least: noted under the MAC of the account's row */
  constructor(storage: DurableObjectStorage, auditSeq: () => number = () => 0) {
    super(storage, SCHEMA, auditSeq);
    this.flows = new FlowTable(
      storage.sql,
      (mac) => this.state(mac) !== null && this.hasStep(CONNECT_TABLES_SINCE),
      () => this.forgetRows(),
    );
    this.revocations = new RevocationTable(storage.sql, () => this.hasStep(REVOCATION_TABLE_SINCE));
  }

  protected ownerOf(organization: string, incarnation: number, row: SqlRow): Owner {
    return accountOwner(String(row['account_id']), organization, incarnation);
  }

  protected forgetRows(): void {
    this.#state = undefined;
  }

  protected override sealOthers(): void {
    this.flows.seal();
  }

  protected override forget(): void {
    super.forget();
    this.flows.forget();
  }

  /** Names, wrapped key and counter of the living account. Unauthenticated. */
  keyMaterial(): AccountKey | null {
    if (!this.hasTables()) return null;
    const row = this.first(
      'SELECT account_id, organization, incarnation, data_key, generation_counter FROM account',
    );
    return row === null ? null : keyMaterialFromSql(row);
  }

  /**
   * Whether rows of a life are here and the row that names it is missing: every life begins with its row and its
   * settings, and ends with a tombstone in their place.
   */
  lacksItsRow(): boolean {
    if (!this.hasTables() || this.first('SELECT id FROM account') !== null) return false;
    const isBuried = this.first('SELECT id FROM tombstone') !== null;
    return !isBuried || this.first('SELECT id FROM connection_copy') !== null;
  }

  /** Whose row it says it is; unauthenticated, good for refusing only. */
  claimedNames(): Names | null {
    if (!this.hasTables()) return null;
    const row = this.first('SELECT organization, connection, identifier, provider FROM account');
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
    const account = this.first('SELECT * FROM account');
    if (account === null) return null;
    const settings = this.first('SELECT * FROM connection_copy');
    if (settings === null) throw new CorruptRowError('connection_copy is missing');
    const grants = this.sql.exec<SqlRow>('SELECT * FROM grant_row ORDER BY id').toArray();
    const narrowed = this.sql
      .exec<SqlRow>('SELECT * FROM narrowed_token ORDER BY grant_id, scope_key')
      .toArray();
    this.rows.assertSealed(mac);
    return {
      account: accountFromSql(this.rows.authentic(mac, 'account', account)),
      settings: settingsFromText(String(this.rows.authentic(mac, 'connection_copy', settings)['settings'])),
      grants: grants.map((row) => grantFromSql(this.rows.authentic(mac, 'grant_row', row))),
      narrowed: narrowed.map((row) => narrowedFromSql(this.rows.authentic(mac, 'narrowed_token', row))),
    };
  }

  /** The settings as they are stored; what is made of them is shown, not acted on. Null where there are none. */
  settings(): ConnectionSettings | null {
    if (this.#state != null) return this.#state.settings;
    const row = this.hasTables() ? this.first('SELECT settings FROM connection_copy') : null;
    return row === null ? null : settingsFromText(String(row['settings']));
  }

  deleteGrant(mac: Uint8Array, id: number): void {
    this.sql.exec('DELETE FROM grant_row WHERE id = ?', id);
    this.sql.exec('DELETE FROM narrowed_token WHERE grant_id = ?', id);
    this.rows.touched(mac);
    this.#state = undefined;
  }

  saveAccount(mac: Uint8Array, row: AccountRow): void {
    this.putLiving(mac, accountToSql(row));
  }

  saveSettings(mac: Uint8Array, settings: ConnectionSettings): void {
    this.put(mac, 'connection_copy', { id: 1, settings: JSON.stringify(settings) });
  }

  saveGrant(mac: Uint8Array, row: GrantRow): void {
    this.put(mac, 'grant_row', grantToSql(row));
  }

  /** Keeps the newest `kept` narrowed tokens of the grant. */
  saveNarrowed(mac: Uint8Array, row: NarrowedRow, kept: number): void {
    this.put(mac, 'narrowed_token', narrowedToSql(row));
    this.sql.exec(
      `DELETE FROM narrowed_token WHERE grant_id = ? AND scope_key NOT IN
         (SELECT scope_key FROM narrowed_token WHERE grant_id = ? ORDER BY access_token IS NULL, generation DESC LIMIT ?)`,
      row.grantId,
      row.grantId,
      kept,
    );
  }

  deleteNarrowed(): void {
    this.sql.exec('DELETE FROM narrowed_token');
    this.forgetRows();
  }

  deleteGrants(): void {
    this.sql.exec('DELETE FROM grant_row');
    this.sql.exec('DELETE FROM narrowed_token');
    this.#state = undefined;
  }

  /** What stays of a deleted account. Its MAC is under the key of the next life, which the row carries wrapped. */
  tombstone(): TombstoneRow | null {
    const row = this.tombstoneRow();
    return row === null ? null : tombstoneFromSql(row);
  }

  /** To be asked with the next life's key before that life begins on what the tombstone says. @throws CorruptRowError */
  assertTombstone(mac: Uint8Array): void {
    const row = this.tombstoneRow();
    if (row !== null) this.rows.authentic(mac, 'tombstone', row);
  }

  bury(mac: Uint8Array, row: TombstoneRow): void {
    this.buryIn(mac, OF_A_LIFE, tombstoneToSql(row));
  }
}
