/**
 * The operator's side of an account: import a credential, expire, disable, enable, revoke; how it begins and ends is in
 * `create.ts` and `delete.ts`. What must be awaited (keys, encryption) comes first; each change is one transaction.
 * Refuses to refresh and to hand out: what it changes is forgotten by whoever does.
 */

import type { RequestContext } from '#audit/record.ts';
import { chainPage, type ChainPage } from '#audit/shown.ts';
import type { Verification } from '#audit/unkeyed.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { warnUnrenewable } from './calendar.ts';
import { applyChange } from './changes.ts';
import { createAccount, type Birth } from './create.ts';
import { deleteAccount } from './delete.ts';
import { EXPIRE_POLICY, ExpireLimit } from './expire-limit.ts';
import { endFlows } from './flow-sessions.ts';
import type { CredentialFields } from './import-fields.ts';
import { grantFromImport } from './import-fields.ts';
import { endingAsLearnt, settingsFor } from './lifetime.ts';
import { intactFlows, isForeign, readLiving, type Living, type Obstacle } from './living.ts';
import { armGrant } from './plan.ts';
import type { Refresher } from './refresher.ts';
import { revokeGrantsLater } from './revocation.ts';
import type { OpenedCredentials } from './release-opened.ts';
import { record, type Room } from './room.ts';
import type { ConnectionSettings } from './rows.ts';
import { move, type Signal } from './status.ts';

export class Lifecycle {
  readonly #room: Room;
  readonly #refresher: Refresher;
  readonly #credentials: OpenedCredentials;
  readonly #expireLimit = new ExpireLimit();

  constructor(room: Room, refresher: Refresher, credentials: OpenedCredentials) {
    this.#room = room;
    this.#refresher = refresher;
    this.#credentials = credentials;
  }

  /** The living account with its key, or why there is none. */
  living(): Promise<Result<Living, Obstacle>> {
    return readLiving(this.#room);
  }

  /** The account of this triple; made as `pending` where there is none. */
  create(birth: Birth): Promise<Result<Living & { created: boolean }, Obstacle>> {
    return createAccount(this.#room, birth);
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
    const flows = intactFlows(this.#room, mac);
    if (!flows.ok) return flows;
    const generation = living.value.state.account.generationCounter + 1;
    store.transaction(() =>
      store.saveAccount(mac, { ...living.value.state.account, generationCounter: generation }),
    );
    const { account: owner } = living.value.state;
    const nowMs = this.#room.now();
    const imported = await grantFromImport({
      credential,
      settings: settingsFor(owner, settings),
      generation,
      nowMs,
      encrypt: (field, text) => vault.encrypt(opened, 1, field, generation, text),
    });
    const grant = endingAsLearnt(imported, owner, nowMs);
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
      warnUnrenewable(this.#room, mac, account, grant);
    });
    this.#credentials.forget();
    this.#refresher.abandon();
    return this.living();
  }

  /** Pretends that the access token has ended, to rehearse recovery. Only moves the expiry: nobody is called. Six times a minute. */
  async expire(context: RequestContext): Promise<Result<Living, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { state, opened } = living.value;
    const grant = state.grants[0];
    if (state.account.credentialType !== 'oauth2' || grant === undefined) {
      return err({ code: 'conflict', detail: 'only an OAuth grant can be expired' });
    }
    const nowMs = this.#room.now();
    const waitMs = this.#expireLimit.take(nowMs);
    if (waitMs > 0) {
      return err({
        code: 'rate_limited',
        detail: 'an account can be expired six times a minute',
        retryAfterS: Math.ceil(waitMs / 1000),
        policy: EXPIRE_POLICY,
      });
    }
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
    const flows = signal === 'revoked' ? intactFlows(this.#room, opened.key.mac) : ok([]);
    if (!flows.ok) return flows;
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

  /** @param organization of a bound caller, who reaches no other's; null: unbound */
  remove(organization: string | null, context: RequestContext): Promise<Result<null, Obstacle>> {
    return deleteAccount(this.#room, () => this.forgetCredentials(), organization, context);
  }

  /** Walks the chain; also of a deleted account, under the key that its tombstone keeps. Null: nothing to be seen. */
  verify(organization: string | null): Promise<Result<Verification | null, Obstacle>> {
    return this.#chain(organization, (mac) => this.#room.ring.verify(mac));
  }

  /** A page of the chain, newest first; of what may be read as of what may be walked. */
  auditRecords(asked: {
    readonly organization: string | null;
    readonly before: number | null;
    readonly limit: number;
  }): Promise<Result<ChainPage | null, Obstacle>> {
    const { ring } = this.#room;
    return this.#chain(asked.organization, () =>
      chainPage(
        (before, limit) => ring.list(before, limit),
        asked.before,
        asked.limit,
        () => true,
      ),
    );
  }

  async #chain<T>(
    organization: string | null,
    look: (mac: Uint8Array) => T,
  ): Promise<Result<T | null, Obstacle>> {
    if (isForeign(this.#room, organization)) return ok(null);
    const living = await this.#room.vault.open();
    if (!living.ok) return err(living.error);
    if (living.value !== null) return ok(look(living.value.key.mac));
    const heir = await this.#room.vault.heir();
    if (!heir.ok) return heir;
    return ok(heir.value === null ? null : look(heir.value.key.mac));
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
