/**
 * The operator's side of an account: create, import a credential, expire, disable, enable, revoke, delete.
 * What must be awaited (keys, encryption) comes first; each change is one transaction.
 */

import type { RequestContext } from '#audit/record.ts';
import { accountOwner } from '#crypto/places.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { applyChange } from './changes.ts';
import type { CredentialFields } from './import-fields.ts';
import { grantFromImport } from './import-fields.ts';
import { armGrant } from './plan.ts';
import type { Refresher } from './refresher.ts';
import type { OpenedCredentials } from './release-opened.ts';
import { record, type Room } from './room.ts';
import type { AccountRow, ConnectionSettings, TombstoneRow } from './rows.ts';
import type { AccountState } from './store.ts';
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
    if (opened.value === null) return err({ code: 'not_found' });
    const state = this.#room.store.state(opened.value.key.mac);
    return state === null ? err({ code: 'not_found' }) : ok({ opened: opened.value, state });
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
    // Another request may have made it while the key was drawn: then its key is the account's.
    if (store.keyMaterial() !== null) return this.create(birth);
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
    if (state === null) return err({ code: 'not_found' });
    store.transaction(() => {
      this.#endOpenAttempts('superseded');
      store.deleteGrants();
      store.saveGrant(mac, grant);
      if (settings.version >= state.settings.version) store.saveSettings(mac, settings);
      const account = applyChange(
        this.#room,
        mac,
        { ...state.account, credentialType: credential.type, degradedSinceMs: null, degradedCause: null },
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
      record(
        this.#room,
        state.account,
        opened.key.mac,
        { action: 'account.status', outcome: 'ok', reason: 'expired_by_operator' },
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
        this.#endOpenAttempts('revoked');
        this.#room.store.deleteGrants();
      }
      for (const grant of state.grants) armGrant(this.#room, after, state.settings, grant);
    });
    if (signal === 'revoked') this.#forgetCredentials();
    return this.living();
  }

  /**
   * Erases the account. What stays: the tombstone with the next life's key, and the audit ring, whose checkpoint is
   * signed anew because its key goes with the account.
   */
  async remove(context: RequestContext): Promise<Result<null, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { account } = living.value.state;
    const owner = accountOwner(account.accountId, account.organization, account.incarnation + 1);
    const next = await this.#room.vault.keyForNewLife(owner, null);
    if (!next.ok) return next;
    const { wrapped, account: heir } = next.value;
    const { store } = this.#room;
    const state = store.state(living.value.opened.key.mac);
    if (state === null) return err({ code: 'not_found' });
    store.transaction(() => {
      record(
        this.#room,
        state.account,
        living.value.opened.key.mac,
        { action: 'account.delete', outcome: 'ok' },
        context,
      );
      this.#room.ring.resignCheckpoint(living.value.opened.key.mac, heir.key.mac);
      store.bury(heir.key.mac, {
        accountId: account.accountId,
        organization: account.organization,
        incarnation: owner.incarnation,
        dataKey: wrapped,
        generationCounter: state.account.generationCounter,
        deletedAtMs: this.#room.now(),
      });
      this.#room.timers.set('index', this.#room.now());
    });
    this.#room.vault.forget();
    this.#forgetCredentials();
    return ok(null);
  }

  /** Walks the chain; also of a deleted account, under the key that its tombstone keeps. */
  async verify(): Promise<Result<ReturnType<Room['ring']['verify']> | null, Obstacle>> {
    if (!this.#room.store.hasTables()) return ok(null);
    const living = await this.#room.vault.open();
    if (!living.ok) return err(living.error);
    if (living.value !== null) return ok(this.#room.ring.verify(living.value.key.mac));
    const grave = this.#room.store.tombstone();
    if (grave === null) return ok(null);
    const owner = accountOwner(grave.accountId, grave.organization, grave.incarnation);
    const heir = await this.#room.vault.keyForNewLife(owner, grave.dataKey);
    return heir.ok ? ok(this.#room.ring.verify(heir.value.account.key.mac)) : heir;
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

  #forgetCredentials(): void {
    this.#credentials.forget();
    this.#refresher.abandon();
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
