/**
 * The operator's side of an account: create, import a credential, expire, disable, enable, revoke, delete.
 * What must be awaited (keys, encryption) comes first; each change is one transaction.
 */

import type { RequestContext } from '#audit/record.ts';
import { accountOwner } from '#crypto/places.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { applyChange } from './changes.ts';
import { tellDeleted } from './events.ts';
import { endFlows } from './flow-sessions.ts';
import type { CredentialFields } from './import-fields.ts';
import { grantFromImport } from './import-fields.ts';
import { armGrant } from './plan.ts';
import type { Refresher } from './refresher.ts';
import { armRevocations, revokeGrantsLater, revokeLater } from './revocation.ts';
import type { OpenedCredentials } from './release-opened.ts';
import { record, type Room } from './room.ts';
import type { AccountRow, ConnectionSettings, TombstoneRow } from './rows.ts';
import { CorruptRowError, type AccountState } from './store.ts';
import { move, type Signal } from './status.ts';
import type { OpenedAccount } from './vault.ts';

/** Expected outcomes that stand in the way; the codes of the wire. */
export interface Obstacle {
  readonly code: 'not_found' | 'vault_locked' | 'record_corrupt' | 'conflict';
  readonly detail?: string;
}

export interface Birth {
  readonly accountId: string;
  readonly organization: string;
  readonly connection: string;
  readonly identifier: string;
  readonly settings: ConnectionSettings;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly context: RequestContext;
}

export interface Living {
  readonly opened: OpenedAccount;
  readonly state: AccountState;
}

export class Lifecycle {
  readonly #room: Room;
  readonly #refresher: Refresher;
  readonly #credentials: OpenedCredentials;

  constructor(room: Room, refresher: Refresher, credentials: OpenedCredentials) {
    this.#room = room;
    this.#refresher = refresher;
    this.#credentials = credentials;
  }

  /** The living account with its key, or why there is none. */
  async living(): Promise<Result<Living, Obstacle>> {
    const opened = await this.#room.vault.open();
    if (!opened.ok) return err(opened.error);
    const account = opened.value;
    if (account === null) return err({ code: 'not_found' });
    const state = authentic(() => this.#room.store.state(account.key.mac));
    if (!state.ok) return state;
    return state.value === null ? err({ code: 'not_found' }) : ok({ opened: account, state: state.value });
  }

  /** The account of this triple; made as `pending` where there is none. */
  async create(birth: Birth): Promise<Result<Living & { created: boolean }, Obstacle>> {
    const found = await this.living();
    if (found.ok) return ok({ ...found.value, created: false });
    if (found.error.code !== 'not_found') return found;
    const { vault, store } = this.#room;
    const grave = store.tombstone();
    const owner = accountOwner(birth.accountId, birth.organization, grave?.incarnation ?? 1);
    const made = await vault.keyForNewLife(owner, grave?.dataKey ?? null);
    if (!made.ok) return made;
    const { wrapped, account: opened } = made.value;
    const untouched = authentic(() => store.assertTombstone(opened.key.mac));
    if (!untouched.ok) return untouched;
    // Another request may have made it while the key was drawn: then its key is the account's.
    const reborn = (store.tombstone()?.incarnation ?? 1) !== owner.incarnation;
    if (reborn || store.keyMaterial() !== null) return this.create(birth);
    const row = newAccount(birth, wrapped, grave, owner.incarnation, this.#room.now());
    store.transaction(() => {
      store.saveAccount(opened.key.mac, row);
      store.saveSettings(opened.key.mac, birth.settings);
      record(
        this.#room,
        row,
        opened.key.mac,
        { action: 'account.connect', outcome: 'ok', reason: 'created' },
        birth.context,
      );
      this.#room.timers.set('index', this.#room.now());
    });
    const living = await this.living();
    return living.ok ? ok({ ...living.value, created: true }) : living;
  }

  /**
   * Stores a credential that the operator brings. Its generation is drawn first and durable, so that none is used
   * twice; an exchange under way for the old grant is overtaken.
   */
  async import(
    credential: CredentialFields,
    settings: ConnectionSettings,
    context: RequestContext,
  ): Promise<Result<Living, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { opened } = living.value;
    const mac = opened.key.mac;
    const { store, vault } = this.#room;
    const generation = living.value.state.account.generationCounter + 1;
    store.transaction(() =>
      store.saveAccount(mac, { ...living.value.state.account, generationCounter: generation }),
    );
    const grant = await grantFromImport({
      credential,
      settings,
      generation,
      nowMs: this.#room.now(),
      encrypt: (field, text) => vault.encrypt(opened, 1, field, generation, text),
    });
    const state = store.state(mac);
    if (state === null || state.account.incarnation !== opened.owner.incarnation)
      return err({ code: 'not_found' });
    // Another import drew its number later and was stored first: a number that is lower must not follow it.
    if (state.grants.some((row) => row.generation > generation))
      return this.import(credential, settings, context);
    store.transaction(() => {
      this.#endOpenAttempts('superseded');
      endFlows({ room: this.#room, mac, nowMs: this.#room.now() }, 'superseded', false);
      store.deleteGrants();
      store.saveGrant(mac, grant);
      if (settings.version >= state.settings.version) store.saveSettings(mac, settings);
      const account = applyChange(
        this.#room,
        mac,
        {
          ...state.account,
          credentialType: credential.type,
          // Whose it is has to be asked anew: what was known belongs to the grant that goes.
          subject: null,
          subjectLabel: null,
          degradedSinceMs: null,
          degradedCause: null,
        },
        { signal: 'connected', action: 'account.import', reason: null, scopes: grant.scopes },
        context,
      );
      armGrant(this.#room, account, settings, grant);
    });
    this.#credentials.forget();
    this.#refresher.abandon();
    return this.living();
  }

  /** Pretends that the access token has ended, to rehearse recovery. Only moves the expiry: nobody is called. */
  async expire(context: RequestContext): Promise<Result<Living, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { state, opened } = living.value;
    const grant = state.grants[0];
    if (state.account.credentialType !== 'oauth2' || grant === undefined) {
      return err({ code: 'conflict', detail: 'only an OAuth grant can be expired' });
    }
    const nowMs = this.#room.now();
    const lives = state.grants.some((row) => row.accessExpiresAtMs === null || row.accessExpiresAtMs > nowMs);
    if (!lives && state.narrowed.length === 0) return living;
    this.#room.store.transaction(() => {
      for (const row of state.grants) {
        const held = row.doubtSinceMs !== null;
        this.#room.store.saveGrant(opened.key.mac, {
          ...row,
          accessExpiresAtMs: nowMs,
          // In doubt the deliberate attempt waits for the token's end, which is now.
          nextAttemptAtMs: held ? null : row.nextAttemptAtMs,
        });
      }
      this.#room.store.deleteNarrowed();
      const account = { ...state.account, updatedAtMs: Math.max(nowMs, state.account.updatedAtMs) };
      this.#room.store.saveAccount(opened.key.mac, account);
      this.#room.timers.set('index', nowMs);
      const reason = 'expired_by_operator';
      record(
        this.#room,
        account,
        opened.key.mac,
        { action: 'account.status', outcome: 'ok', reason },
        context,
      );
    });
    return this.living();
  }

  /** Disable, enable, revoke. Twice is once: nothing changes and nothing is recorded the second time. */
  async signal(
    signal: Extract<Signal, 'disabled' | 'enabled' | 'revoked'>,
    context: RequestContext,
  ): Promise<Result<Living, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { state, opened } = living.value;
    const { account } = state;
    if (account.status === signal || (signal === 'enabled' && account.status !== 'disabled')) return living;
    if (move({ status: account.status, before: account.statusBefore }, signal) === null) {
      return err({ code: 'conflict', detail: `an account that is ${account.status} cannot be ${signal}` });
    }
    this.#room.store.transaction(() => {
      const after = applyChange(
        this.#room,
        opened.key.mac,
        account,
        { signal, action: 'account.status', reason: 'operator' },
        context,
      );
      if (signal === 'revoked') {
        revokeGrantsLater(this.#room, opened.key.mac, state, 'account_revoked');
        this.#endOpenAttempts('revoked');
        endFlows({ room: this.#room, mac: opened.key.mac, nowMs: this.#room.now() }, 'revoked', true);
        this.#room.store.deleteGrants();
      }
      for (const grant of state.grants) armGrant(this.#room, after, state.settings, grant);
    });
    if (signal === 'revoked') this.forgetCredentials();
    return this.living();
  }

  /**
   * Erases the account, also one whose rows cannot be trusted any more. What stays: the tombstone with the next life's
   * key, and the audit ring, whose checkpoint is signed anew because its key goes with the account.
   *
   * @param organization of a bound caller, who reaches no other's; null: unbound
   */
  async remove(organization: string | null, context: RequestContext): Promise<Result<null, Obstacle>> {
    const { store, vault } = this.#room;
    if (this.isForeign(organization)) return err({ code: 'not_found' });
    const old = await vault.open();
    if (!old.ok && old.error.code === 'vault_locked') return old;
    const claimed = store.keyMaterial();
    if (claimed === null) return err({ code: 'not_found' });
    const owner = accountOwner(claimed.accountId, claimed.organization, claimed.incarnation + 1);
    const next = await vault.keyForNewLife(owner, null);
    if (!next.ok) return next;
    const { wrapped, account: heir } = next.value;
    const names = store.claimedNames();
    if (names === null || (organization !== null && names.organization !== organization))
      return err({ code: 'not_found' });
    // Somebody else has deleted it while the key was drawn, and it may live again.
    if (store.keyMaterial()?.incarnation !== claimed.incarnation) return this.remove(organization, context);
    const mac = (old.ok && old.value !== null ? old.value : heir).key.mac;
    store.transaction(() => {
      record(
        this.#room,
        { ...names, accountId: claimed.accountId },
        mac,
        { action: 'account.delete', outcome: 'ok' },
        context,
      );
      tellDeleted(this.#room, mac, { ...names, accountId: claimed.accountId });
      // Of rows that were changed outside the broker nobody knows whose token would be sent where.
      const state = old.ok && old.value !== null ? authentic(() => store.state(mac)) : null;
      if (state?.ok && state.value !== null) this.#revokeAll(mac, state.value);
      this.#room.outbox.resign(mac, heir.key.mac);
      this.#room.ring.resignCheckpoint(mac, heir.key.mac);
      store.bury(heir.key.mac, {
        accountId: claimed.accountId,
        organization: claimed.organization,
        incarnation: owner.incarnation,
        dataKey: wrapped,
        generationCounter: claimed.generationCounter,
        deletedAtMs: this.#room.now(),
      });
      this.#room.timers.set('index', this.#room.now());
      this.#room.timers.set('outbox', this.#room.now());
      armRevocations(this.#room);
    });
    vault.forget();
    this.#room.waiting.changed();
    this.#room.lastUse.atMs = null;
    this.forgetCredentials();
    return ok(null);
  }

  /**
   * Whether what lies here belongs to another organization than `organization` (null: a caller who sees all). Asked
   * before a key is opened: how another's account is damaged or locked is nothing to know either.
   */
  isForeign(organization: string | null): boolean {
    if (organization === null) return false;
    const { store } = this.#room;
    return (store.keyMaterial() ?? store.tombstone())?.organization !== organization;
  }

  /** Walks the chain; also of a deleted account, under the key that its tombstone keeps. Null: nothing to be seen. */
  async verify(
    organization: string | null,
  ): Promise<Result<ReturnType<Room['ring']['verify']> | null, Obstacle>> {
    if (!this.#room.store.hasTables() || this.isForeign(organization)) return ok(null);
    const living = await this.#room.vault.open();
    if (!living.ok) return err(living.error);
    if (living.value !== null) return ok(this.#room.ring.verify(living.value.key.mac));
    const heir = await this.#room.vault.heir();
    if (!heir.ok) return heir;
    return ok(heir.value === null ? null : this.#room.ring.verify(heir.value.key.mac));
  }

  /** Everything that the account holds, what waits for a confirmation too. */
  #revokeAll(mac: Uint8Array, state: AccountState): void {
    revokeGrantsLater(this.#room, mac, state, 'account_deleted');
    const { account, settings } = state;
    for (const { grant, subject } of this.#room.store.flows.candidates(mac))
      revokeLater(this.#room, mac, { account, settings, grant, subject, cause: 'account_deleted' });
  }

  #endOpenAttempts(outcome: string): void {
    for (const attempt of this.#room.attempts.open()) {
      this.#room.attempts.end(attempt.id, {
        endedAtMs: this.#room.now(),
        outcome,
        reason: null,
        providerError: null,
      });
      this.#room.timers.clear(`reconcile:${attempt.id}`);
    }
  }

  /** The grants are others now: nothing that was opened of them is handed out any more. */
  forgetCredentials(): void {
    this.#credentials.forget();
    this.#refresher.abandon();
  }
}

/** What is read, or `record_corrupt` for a row that was changed outside the broker: it is left as it is. */
function authentic<T>(read: () => T): Result<T, Obstacle> {
  try {
    return ok(read());
  } catch (error) {
    if (!(error instanceof CorruptRowError)) throw error;
    return err({ code: 'record_corrupt', detail: 'a stored row was changed outside the broker' });
  }
}

function newAccount(
  birth: Birth,
  dataKey: string,
  grave: TombstoneRow | null,
  incarnation: number,
  nowMs: number,
): AccountRow {
  return {
    accountId: birth.accountId,
    organization: birth.organization,
    connection: birth.connection,
    identifier: birth.identifier,
    provider: birth.settings.provider,
    incarnation,
    status: 'pending',
    statusBefore: null,
    statusReason: null,
    statusSinceMs: nowMs,
    statusProviderError: null,
    statusEvidence: [],
    causeBefore: null,
    reauthTold: false,
    subject: null,
    subjectLabel: null,
    metadata: birth.metadata,
    sealed: false,
    credentialType: birth.settings.authType,
    dataKey,
    generationCounter: grave?.generationCounter ?? 0,
    rotation: null,
    lastUsedAtMs: null,
    lastRefreshedAtMs: null,
    degradedSinceMs: null,
    degradedCause: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}
