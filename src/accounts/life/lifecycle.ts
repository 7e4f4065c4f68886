/**
 * The operator's side of an account: import a credential, expire, disable, enable, revoke; how it begins and ends is in
 * `create.ts` and `delete.ts`. Work that must be awaited (keys, encryption) comes first; each change is one
 * transaction. Refuses to refresh and to hand out: the code that does so is told to forget what changed.
 */

import { isRenewedType } from '#contract/machine/kinds.ts';
import type { RequestContext } from '#audit/record.ts';
import { chainPage, type ChainPage } from '#audit/shown.ts';
import type { Verification } from '#audit/unkeyed.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { record, type Account } from '../account.ts';
import type { OpenedCredentials } from '../door/opened.ts';
import { revokeGrantsLater, revokeLater } from '../ending/revocation.ts';
import { endFlows } from '../flows/sessions/upkeep.ts';
import { armGrant } from '../refreshing/plan.ts';
import { CallLimit, policyOf } from '../refreshing/provider/call-limit.ts';
import type { Refresher } from '../refreshing/refresher.ts';
import { move, type Signal } from '../status.ts';
import { applyChange } from './changes.ts';
import { createAccount, type Birth, type Made } from './create.ts';
import { deleteAccount } from './delete.ts';
import { importCredential, type Imported, type ImportRefusal } from './import/import.ts';
import type { ImportOrder } from './import/judge.ts';
import type { ImportProofs } from './import/proof.ts';
import { dropProofs, endOpenAttempts } from './import/replace.ts';
import { intactFlows, isForeign, readLiving, type Living, type Obstacle } from './living.ts';

/** How an account is ended. */
export interface Ending {
  /** What the record of it says beside the move. */
  readonly evidence: readonly string[];
  /** Its grants end at their provider too, where that harms no other. */
  readonly atProvider: boolean;
}

const BY_OPERATOR: Ending = { evidence: [], atProvider: true };

export class Lifecycle {
  readonly #object: Account;
  readonly #refresher: Refresher;
  readonly #credentials: OpenedCredentials;
  readonly #proofs: ImportProofs;
  readonly #expireLimit = new CallLimit();

  constructor(
    object: Account,
    refresher: Refresher,
    credentials: OpenedCredentials,
    proofs: (forget: () => void) => ImportProofs,
  ) {
    this.#object = object;
    this.#refresher = refresher;
    this.#credentials = credentials;
    this.#proofs = proofs(() => this.forgetCredentials());
  }

  /** The imports whose proof is under way for this account. */
  get proofs(): ImportProofs {
    return this.#proofs;
  }

  /** An account that this call has made for a credential that was not taken: it never was. */
  async unmake(context: RequestContext): Promise<void> {
    const living = await this.living();
    if (!living.ok) return;
    const { state, opened } = living.value;
    const { flows } = this.#object.store;
    const mac = opened.key.mac;
    const used =
      state.account.status !== 'pending' ||
      state.grants.length > 0 ||
      flows.proofs(mac).length > 0 ||
      flows.sessions(mac).length > 0;
    if (!used) await deleteAccount(this.#object, () => this.forgetCredentials(), null, context, true);
  }

  /** The living account with its key, or why there is none. */
  living(): Promise<Result<Living, Obstacle>> {
    return readLiving(this.#object);
  }

  /** The account of this triple, see `create.ts`. */
  create(birth: Birth, draws = false): Promise<Result<Made, Obstacle>> {
    return createAccount(this.#object, birth, draws);
  }

  /**
   * Takes a credential that the operator brings; what may not be believed is proven first.
   * @param drawn the generation that was drawn for it when the account was made; null: none was
   */
  async import(
    order: ImportOrder,
    drawn: number | null = null,
  ): Promise<Result<Imported, Obstacle | ImportRefusal>> {
    const forget = (): void => {
      this.forgetCredentials();
      this.#proofs.abandon();
    };
    return importCredential(this.#object, this.#proofs, order, forget, drawn);
  }

  /**
   * Pretends that the access token has ended, to rehearse recovery. Only moves the expiry: no provider is called. Six
   * times a minute.
   */
  async expire(context: RequestContext): Promise<Result<Living, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { state, opened } = living.value;
    const grant = state.grants[0];
    if (!isRenewedType(state.account.credentialType) || grant === undefined) {
      return err({ code: 'conflict', detail: 'only a credential that the broker renews can be expired' });
    }
    const nowMs = this.#object.now();
    const waitMs = this.#expireLimit.take(nowMs);
    if (waitMs > 0) {
      return err({
        code: 'rate_limited',
        detail: 'an account can be expired six times a minute',
        retryAfterS: Math.ceil(waitMs / 1000),
        policy: policyOf('expire'),
      });
    }
    const lives = state.grants.some((row) => row.accessExpiresAtMs === null || row.accessExpiresAtMs > nowMs);
    if (!lives && state.narrowed.length === 0) return living;
    this.#object.store.transaction(() => {
      for (const row of state.grants) {
        const held = row.doubtSinceMs !== null;
        this.#object.store.saveGrant(opened.key.mac, {
          ...row,
          accessExpiresAtMs: nowMs,
          // In doubt the deliberate attempt waits for the token's end, which is now.
          nextAttemptAtMs: held ? null : row.nextAttemptAtMs,
        });
      }
      this.#object.store.deleteNarrowed();
      const account = { ...state.account, updatedAtMs: Math.max(nowMs, state.account.updatedAtMs) };
      this.#object.store.saveAccount(opened.key.mac, account);
      this.#object.timers.set('index', nowMs);
      const reason = 'expired_by_operator';
      record(
        this.#object,
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
    ending: Ending = BY_OPERATOR,
  ): Promise<Result<Living, Obstacle>> {
    const living = await this.living();
    if (!living.ok) return living;
    const { state, opened } = living.value;
    const { account } = state;
    if (account.status === signal || (signal === 'enabled' && account.status !== 'disabled')) return living;
    if (move({ status: account.status, before: account.statusBefore }, signal) === null) {
      return err({ code: 'conflict', detail: `an account that is ${account.status} cannot be ${signal}` });
    }
    const flows = signal === 'revoked' ? intactFlows(this.#object, opened.key.mac) : ok([]);
    if (!flows.ok) return flows;
    this.#object.store.transaction(() => {
      const after = applyChange(
        this.#object,
        opened.key.mac,
        account,
        { signal, action: 'account.status', reason: 'operator', evidence: ending.evidence },
        context,
      );
      if (signal === 'revoked') {
        this.#endAtProvider(living.value, ending.atProvider);
        dropProofs(this.#object, opened.key.mac);
        endOpenAttempts(this.#object, 'revoked');
        endFlows({ object: this.#object, mac: opened.key.mac, nowMs: this.#object.now() }, 'revoked', true);
        this.#object.store.deleteGrants();
      }
      for (const grant of state.grants) armGrant(this.#object, after, state.settings, grant);
    });
    if (signal === 'revoked') {
      this.forgetCredentials();
      this.#proofs.abandon();
    }
    return this.living();
  }

  /** Inside the transaction that ends the account's grants; `isAsked` false: they are erased here alone. */
  #endAtProvider({ opened, state }: Living, isAsked: boolean): void {
    const { flows } = this.#object.store;
    const { mac } = opened.key;
    if (!isAsked) {
      for (const { sessionId } of flows.candidates(mac)) flows.deleteCandidate(mac, sessionId);
      return;
    }
    revokeGrantsLater(this.#object, mac, state, 'account_revoked');
    for (const { grant, proof } of flows.proofs(mac))
      revokeLater(this.#object, mac, { ...state, ...proof, grant, subject: null, cause: 'account_revoked' });
  }

  /** @param organization of a bound caller, who reaches no other's; null: unbound */
  remove(organization: string | null, context: RequestContext): Promise<Result<null, Obstacle>> {
    const forget = (): void => {
      this.forgetCredentials();
      this.#proofs.abandon();
    };
    return deleteAccount(this.#object, forget, organization, context);
  }

  /** Walks the chain; also of a deleted account, under the key that its tombstone keeps. Null: nothing to be seen. */
  verify(organization: string | null): Promise<Result<Verification | null, Obstacle>> {
    return this.#chain(organization, (mac) => this.#object.ring.verify(mac));
  }

  /** A page of the chain, newest first; of what may be read as of what may be walked. */
  auditRecords(asked: {
    readonly organization: string | null;
    readonly before: number | null;
    readonly limit: number;
  }): Promise<Result<ChainPage | null, Obstacle>> {
    const { ring } = this.#object;
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
    if (isForeign(this.#object, organization)) return ok(null);
    const life = await this.#object.vault.present();
    if (!life.ok) return life;
    return ok(life.value === null ? null : look(life.value.key.mac));
  }

  /** The grants are others now: nothing that was opened of them is handed out any more. */
  forgetCredentials(): void {
    this.#credentials.forget();
    this.#refresher.abandon();
  }
}
