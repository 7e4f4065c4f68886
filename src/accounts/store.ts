/**
 * An account's state: account, connection copy, grants, tombstone. Rows are kept in memory and dropped by every write to
 * them; schema, transactions, MACs and the seal are `objects/store.ts`'s.
 * No decision here. Attempts, timers and the audit ring have their own files.
 */

import type { Owner } from '#crypto/envelope.ts';
import { accountOwner } from '#crypto/places.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { SqlRow } from '#objects/sql-row.ts';
import { sharedOf } from '#providers/clients.ts';
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
import { ApprovalTable } from './approvals/table.ts';
import { RevocationTable } from './ending/revocation-table.ts';
import { FlowTable } from './flows/sessions/table.ts';
import type { AccountRow, ConnectionSettings, GrantRow, NarrowedRow, TombstoneRow } from './rows.ts';
import { ACCOUNT_TABLES } from './schema.ts';

/** Everything of a living account that a decision needs. */
export interface AccountState {
  readonly account: AccountRow;
  readonly grants: readonly GrantRow[];
  readonly narrowed: readonly NarrowedRow[];
  readonly settings: ConnectionSettings;
}

type Table = 'account' | 'connection_copy' | 'grant_row' | 'narrowed_token';

const SCHEMA: ObjectSchema<Table> = {
  tables: ACCOUNT_TABLES,
  living: 'account',
  seal: {
    table: 'row_seal',
    covers: [
      { table: 'account', by: 'id' },
      { table: 'connection_copy', by: 'id' },
      { table: 'grant_row', by: 'id' },
      { table: 'narrowed_token', by: 'grant_id, scope_key' },
    ],
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
  'approval',
  'approval_seal',
  'row_seal',
  'refresh_attempt',
  'timer',
];

export class AccountStore extends ObjectStore<Table> {
  /** Sessions and candidates. */
  readonly flows: FlowTable;
  /** What people are asked for, and what they have said. */
  readonly approvals: ApprovalTable;
  /** Grants that have ended here and not yet at their provider; they outlive the account. */
  readonly revocations: RevocationTable;
  #state: AccountState | null | undefined;
  /** Of the settings in `#state`, as they lie in their row. */
  #settingsText = '';

  /** @param auditSeq how far the audit chain has come at least: noted under the MAC of the account's row */
  constructor(storage: DurableObjectStorage, auditSeq: () => number = () => 0) {
    super(storage, SCHEMA, auditSeq);
    this.flows = new FlowTable(
      storage.sql,
      this,
      (mac) => this.state(mac) !== null,
      () => this.forgetRows(),
    );
    this.approvals = new ApprovalTable(storage.sql, this);
    this.revocations = new RevocationTable(storage.sql, this);
  }

  protected ownerOf(organization: string, incarnation: number, row: SqlRow): Owner {
    return accountOwner(String(row['account_id']), organization, incarnation);
  }

  protected forgetRows(): void {
    this.#state = undefined;
  }

  protected override sealOthers(): void {
    this.flows.seal();
    this.approvals.seal();
  }

  protected override forget(): void {
    super.forget();
    this.flows.forget();
    this.approvals.forget();
  }

  /** Names, wrapped key and counter of the living account. Unauthenticated. */
  keyMaterial(): AccountKey | null {
    if (!this.hasTables()) return null;
    const row = this.first(
      `SELECT account_id, organization, incarnation, data_key, ${this.#drawn()} AS generation_counter FROM account`,
    );
    return row === null ? null : keyMaterialFromSql(row);
  }

  /** The highest generation that was ever drawn, as SQL over the account's row. A number that none comes to says nothing. */
  #drawn(): string {
    if (!this.has('refresh_attempt')) return 'generation_counter';
    return `max(generation_counter, coalesce((SELECT max(generation_to) FROM refresh_attempt
      WHERE typeof(generation_to) = 'integer' AND generation_to <= generation_counter + ${MOST_UNSETTLED}), 0))`;
  }

  /**
   * Whether rows of a life are here and the row that names it is missing: every life begins with its row and its
   * settings, and ends with a tombstone in their place.
   */
  lacksItsRow(): boolean {
    if (!this.hasTables() || this.first('SELECT id FROM account') !== null) return false;
    const isBuried = this.tombstoneRow() !== null;
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
    const account = this.livingRow();
    if (account === null) return null;
    const settings = this.first('SELECT * FROM connection_copy');
    if (settings === null) throw new CorruptRowError('connection_copy is missing');
    const grants = this.sql.exec<SqlRow>('SELECT * FROM grant_row ORDER BY id').toArray();
    const narrowed = this.has('narrowed_token')
      ? this.sql.exec<SqlRow>('SELECT * FROM narrowed_token ORDER BY grant_id, scope_key').toArray()
      : [];
    this.rows.assertSealed(mac, [account, settings, ...grants, ...narrowed]);
    const state = {
      account: accountFromSql(this.rows.authentic(mac, 'account', account)),
      settings: settingsFromText(String(this.rows.authentic(mac, 'connection_copy', settings)['settings'])),
      grants: grants.map((row) => grantFromSql(this.rows.authentic(mac, 'grant_row', row))),
      narrowed: narrowed.map((row) => narrowedFromSql(this.rows.authentic(mac, 'narrowed_token', row))),
    };
    this.#settingsText = String(settings['settings']);
    return this.has('refresh_attempt') ? withAttempts(state, this.#attempted()) : state;
  }

  /** Oldest first. */
  #attempted(): Attempted[] {
    return this.sql
      .exec<Attempted>(
        `SELECT grant_id AS grantId, generation_from AS presented, generation_to AS drawn,
           started_at_ms AS startedAtMs FROM refresh_attempt ORDER BY n`,
      )
      .toArray();
  }

  /** An attempt has begun: what is kept of rows does not know of it. */
  attemptBegun(): void {
    this.#state = undefined;
  }

  /** The settings as they are stored; what is made of them is shown, not acted on. Null where there are none. */
  settings(): ConnectionSettings | null {
    if (this.#state != null) return this.#state.settings;
    const row = this.hasTables() ? this.first('SELECT settings FROM connection_copy') : null;
    return row === null ? null : settingsFromText(String(row['settings']));
  }

  deleteGrant(mac: Uint8Array, id: number): void {
    this.sql.exec('DELETE FROM grant_row WHERE id = ?', id);
    if (this.has('narrowed_token')) this.sql.exec('DELETE FROM narrowed_token WHERE grant_id = ?', id);
    this.rows.touched(mac);
    this.#state = undefined;
  }

  saveAccount(mac: Uint8Array, row: AccountRow): void {
    const before = this.#state;
    const values = accountToSql(row);
    this.putLiving(mac, values);
    if (before != null) this.#state = { ...before, account: accountFromSql(values) };
  }

  /** Writes nothing where they are what is kept. */
  saveSettings(mac: Uint8Array, settings: ConnectionSettings): void {
    const text = JSON.stringify(sharedOf(settings));
    if (this.#state != null && this.#settingsText === text) return;
    this.put(mac, 'connection_copy', { id: 1, settings: text });
  }

  saveGrant(mac: Uint8Array, row: GrantRow): void {
    const before = this.#state;
    const values = grantToSql(row);
    this.put(mac, 'grant_row', values);
    if (before == null) return;
    const others = before.grants.filter(({ id }) => id !== row.id);
    const grants = [...others, grantFromSql(values)].toSorted((one, other) => one.id - other.id);
    this.#state = { ...before, grants };
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
    if (this.has('narrowed_token')) this.sql.exec('DELETE FROM narrowed_token');
    this.forgetRows();
  }

  deleteGrants(): void {
    this.sql.exec('DELETE FROM grant_row');
    if (this.has('narrowed_token')) this.sql.exec('DELETE FROM narrowed_token');
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

type Attempted = { grantId: number; presented: number; drawn: number; startedAtMs: number };

/** More attempts than can begin before one of them ends and writes the account's counter. */
const MOST_UNSETTLED = 10_000;

/**
 * The state with what attempts say that wrote no other row when they began: the counter has drawn their generations,
 * and a grant was last tried with the newest that presented its present one. @throws CorruptRowError
 */
function withAttempts(state: AccountState, attempted: readonly Attempted[]): AccountState {
  const { generationCounter } = state.account;
  // No MAC lies over an attempt, and what it says is written into rows that have one.
  if (!attempted.every(({ startedAtMs }) => Number.isSafeInteger(startedAtMs)))
    throw new CorruptRowError('refresh_attempt has begun at no time');
  const drawn = Math.max(generationCounter, ...attempted.map((one) => one.drawn));
  if (!(drawn <= generationCounter + MOST_UNSETTLED))
    throw new CorruptRowError('refresh_attempt has drawn what no counter comes to');
  const grants = state.grants.map((grant) => {
    const tried = attempted.findLast((one) => one.grantId === grant.id && one.presented === grant.generation);
    return tried === undefined ? grant : { ...grant, lastAttemptStartedAtMs: tried.startedAtMs };
  });
  return { ...state, account: { ...state.account, generationCounter: drawn }, grants };
}
