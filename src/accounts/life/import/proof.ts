/**
 * Proves an imported refresh token: the journal's row and the candidate are durable before anything leaves, the
 * Exchanger exchanges it as it does any other, and what comes home, perhaps to a later life of this object, takes the
 * place of what the account holds, or changes nothing. So a rotated token is never lost with the request that asked for
 * it, and a lost answer is doubt of the candidate alone. Refuses to tell the connection's health of it: one operator's
 * value is no reason to close a connection.
 */

import { isMachineType } from '#contract/machine/kinds.ts';
import type { RequestContext } from '#audit/record.ts';
import { newId } from '#crypto/api-keys.ts';
import type { GrantField } from '#crypto/places.ts';
import { within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { forGrant, forNewGrant } from '#providers/clients.ts';
import type { ExchangeRequest } from '#refresh/exchange/exchange-request.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import { record, type Account } from '../../account.ts';
import type { ProofRow } from '../../flows/sessions/candidate-row.ts';
import { grantIdOf } from '../../flows/sessions/upkeep.ts';
import { endingAsLearnt, settingsFor } from '../../refreshing/lifetime.ts';
import { CallLimit } from '../../refreshing/provider/call-limit.ts';
import type { ConnectionWatch } from '../../refreshing/provider/connection-watch.ts';
import type { AccountRow, AttemptRow, CredentialType, GrantRow } from '../../rows.ts';
import type { AccountState } from '../../store.ts';
import type { OpenedAccount } from '../../vault.ts';
import type { Living } from '../living.ts';
import { grantFromImport, presentedOf } from './fields.ts';
import type { ImportOrder } from './judge.ts';
import { storeImport } from './replace.ts';
import { grantOfProof, provenOf, type Proven } from './verdict.ts';

/** Each is a call at the provider for one account. */
const MAX_PROOFS = 3;
/** The Exchanger keeps a token in hand longer than an exchange may take: so long its candidate waits for it. */
const KEPT_BUDGETS = 3;
const LATER_MS = 30_000;

type Later = Extract<Proven, { kind: 'later' }>;

/** The account has changed since it was said to be proven. */
interface JudgedOtherwise {
  readonly kind: 'judged_otherwise';
}

export interface ProofPowers {
  /** Hands the exchange to the Exchanger; resolves when it has settled or given up. */
  readonly exchange: (request: ExchangeRequest) => Promise<unknown>;
  readonly connection: Pick<ConnectionWatch, 'look' | 'gate'>;
  /** The grants are others now. */
  readonly forget: () => void;
}

export class ImportProofs {
  readonly #object: Account;
  readonly #powers: ProofPowers;
  /** The callers waiting for each attempt, in this life of the object. */
  readonly #limit = new CallLimit();
  readonly #asked = new Map<string, { readonly answer: Promise<Proven>; tell(proven: Proven): void }>();

  constructor(object: Account, powers: ProofPowers) {
    this.#object = object;
    this.#powers = powers;
  }

  /**
   * Whether the provider may be called for what is brought over this account: 0, or the milliseconds until it may. Nothing
   * limits what a pending account is given: its first credential is brought once.
   *
   * @param counted it is called now
   */
  waitMs({ status }: Pick<AccountRow, 'status'>, counted: boolean): number {
    const nowMs = this.#object.now();
    if (status === 'pending') return 0;
    return counted ? this.#limit.take(nowMs) : this.#limit.waitMs(nowMs);
  }

  /** Is this very token being presented? */
  isOpen(mac: Uint8Array, digest: string): boolean {
    return this.#object.store.flows.proofs(mac).some(({ proof }) => proof.digest === digest);
  }

  /**
   * Joins the proof of the same token, or begins one; waits for it no longer than an exchange may take.
   *
   * @param isStill asked right before the token is presented: whether it is still to be proven. Another proof of it may
   *   have been taken while this one waited for the directory, and a spent token ends the grant at a strict provider
   */
  async prove(
    living: Living,
    order: ImportOrder,
    digest: string,
    isStill: (state: AccountState) => boolean,
  ): Promise<Proven | JudgedOtherwise> {
    const object = this.#object;
    const mac = living.opened.key.mac;
    const open = object.store.flows.proofs(mac);
    const same = open.find(({ proof }) => proof.digest === digest);
    if (same !== undefined) return this.#wait(same.sessionId);
    if (open.length >= MAX_PROOFS) return { kind: 'busy' };
    const retryAfterMs = this.waitMs(living.state.account, false);
    if (retryAfterMs > 0) return { kind: 'too_often', retryAfterMs };
    const begun = await this.#begin(living, order, digest, isStill);
    return typeof begun === 'string' ? this.#wait(begun) : begun;
  }

  async #wait(attemptId: string): Promise<Proven> {
    const asked = this.#asked.get(attemptId);
    // An earlier life of this object has begun it: its end is not told here.
    const late: Proven = {
      kind: 'later',
      detail: 'it is being proven; look at the account or bring it again',
      retryAfterMs: this.#object.config.exchangeBudgetMs,
    };
    return asked === undefined ? late : within(this.#object.config.exchangeBudgetMs, asked.answer, late);
  }

  /** The attempt's id once its exchange is on its way, or why there is none. */
  async #begin(
    living: Living,
    order: ImportOrder,
    digest: string,
    isStill: (state: AccountState) => boolean,
  ): Promise<string | Proven | JudgedOtherwise> {
    const object = this.#object;
    const { opened } = living;
    const mac = opened.key.mac;
    const { credential, settings, context } = order;
    // Only a refresh token alone goes on: the other imported values are replaced by the provider's answer.
    const bare =
      credential.type === 'oauth2' ? { ...credential, accessToken: null, expiresInS: null } : credential;
    const generation = living.state.account.generationCounter + 1;
    const grantId = grantIdOf(generation);
    const drawn = { ...living.state.account, generationCounter: generation + 1 };
    object.store.transaction(() => object.store.saveAccount(mac, drawn));
    const grant = await grantFromImport({
      grantId,
      credential: bare,
      settings: forNewGrant(settings),
      generation,
      nowMs: object.now(),
      encrypt: (field, text) => object.vault.encrypt(opened, grantId, field, generation, text),
    });
    const closed = await this.closed(living, order, grant);
    if (closed !== null) return closed;
    const state = object.store.state(mac);
    if (state === null || state.account.incarnation !== opened.owner.incarnation) return { kind: 'gone' };
    const joined = object.store.flows.proofs(mac).find(({ proof }) => proof.digest === digest);
    if (joined !== undefined) return joined.sessionId;
    if (!isStill(state)) return { kind: 'judged_otherwise' };
    const retryAfterMs = this.waitMs(state.account, true);
    if (retryAfterMs > 0) return { kind: 'too_often', retryAfterMs };
    const attempt: AttemptRow = {
      id: newId('rfa'),
      grantId,
      generationFrom: generation,
      generationTo: generation + 1,
      trigger: 'import',
      startedAtMs: object.now(),
      endedAtMs: null,
      outcome: null,
      reason: null,
      providerError: null,
      tokenAgeMs: null,
    };
    const row: ProofRow = { sessionId: attempt.id, grant, proof: { digest, settings, context } };
    object.store.transaction(() => {
      object.attempts.begin(attempt);
      object.store.flows.saveCandidate(mac, row);
      const keptMs = KEPT_BUDGETS * object.config.exchangeBudgetMs;
      object.timers.set(`reconcile:${attempt.id}`, attempt.startedAtMs + keptMs);
    });
    let tell: (proven: Proven) => void = () => undefined;
    const answer = new Promise<Proven>((resolve) => (tell = resolve));
    this.#asked.set(attempt.id, { answer, tell });
    const exchanges = presentedOf(credential)?.field === 'subject_token';
    this.#hand({ ...requestOf(living, row, attempt, object.config.exchangeBudgetMs), exchanges });
    return attempt.id;
  }

  /** While the provider is away no account of the connection calls, for any imported token. */
  async closed({ state }: Living, { settings }: ImportOrder, grant: GrantRow): Promise<Later | null> {
    const { connection } = this.#powers;
    const look = await connection.look(state.account, settings, grant.client ?? null);
    const gate = connection.gate(state.account, grant, look);
    if (typeof gate === 'string' || gate.why !== 'outage') return null;
    return {
      kind: 'later',
      detail: 'the provider is away, so that the credential could not be proven',
      retryAfterMs: Math.max(1_000, gate.untilMs - this.#object.now()),
    };
  }

  #hand(request: ExchangeRequest): void {
    this.#object.waitUntil(
      this.#powers.exchange(request).catch((error: unknown) => {
        // It may settle still; if it does not, the timer ends it.
        log('warn', 'the proof of an import did not report back', { attempt: request.attemptId, error });
      }),
    );
  }

  /** The Exchanger's result, where it is one of a proof; null: it is none. Twice is once. */
  async settle(opened: OpenedAccount, arg: SettleArgument): Promise<string | null> {
    const { store } = this.#object;
    const mac = opened.key.mac;
    const row = store.flows.proofs(mac).find(({ sessionId }) => sessionId === arg.attemptId);
    if (row === undefined || opened.owner.incarnation !== arg.incarnation) return null;
    if (arg.summary.outcome === 'refreshed' && arg.tokens !== null)
      return this.#store(opened, row, arg, this.#learnt(mac, grantOfProof(row, arg, arg.tokens)));
    const proven = provenOf(arg, LATER_MS);
    this.#end(opened, row, proven, arg);
    return 'failed';
  }

  #learnt(mac: Uint8Array, grant: GrantRow): GrantRow {
    const account = this.#object.store.state(mac)?.account;
    return account === undefined ? grant : endingAsLearnt(grant, account, this.#object.now());
  }

  async #store(
    opened: OpenedAccount,
    row: ProofRow,
    arg: SettleArgument,
    brought: GrantRow,
  ): Promise<string> {
    const object = this.#object;
    const mac = opened.key.mac;
    let grant = brought;
    for (;;) {
      const state = object.store.state(mac);
      const waits = object.store.flows.proofs(mac).some(({ sessionId }) => sessionId === row.sessionId);
      if (state === null || !waits) return 'overtaken';
      // The account's grant was renewed meanwhile: a lower generation must not follow a higher generation.
      if (!state.grants.some(({ generation }) => generation > grant.generation)) break;
      const generation = state.account.generationCounter + 1;
      object.store.transaction(() =>
        object.store.saveAccount(mac, { ...state.account, generationCounter: generation }),
      );
      grant = await renumbered(object, opened, grant, generation, row.proof.settings.authType);
    }
    object.store.transaction(() => {
      object.attempts.end(row.sessionId, {
        endedAtMs: object.now(),
        outcome: 'refreshed',
        reason: null,
        providerError: null,
      });
      object.timers.clear(`reconcile:${row.sessionId}`);
      object.store.flows.deleteCandidate(mac, row.sessionId);
      const { settings, context, digest } = row.proof;
      const spent = arg.tokens?.rotated !== false;
      const taken = { grant, settings, credentialType: settings.authType, context, digest, spent } as const;
      storeImport(object, opened, { ...taken, isProven: true });
    });
    this.#tell(row.sessionId, { kind: 'stored' });
    this.#powers.forget();
    this.abandon();
    return 'stored';
  }

  /** Its answer can no longer come. */
  lost(opened: OpenedAccount, attempt: AttemptRow): void {
    const mac = opened.key.mac;
    const row = this.#object.store.flows.proofs(mac).find(({ sessionId }) => sessionId === attempt.id);
    const proven: Proven = {
      kind: 'later',
      detail: 'the answer of the provider was lost: this refresh token may be spent',
      retryAfterMs: LATER_MS,
    };
    if (row !== undefined) return this.#end(opened, row, proven, null);
    this.#object.store.transaction(() => this.#endAttempt(attempt.id, 'superseded', null));
    return undefined;
  }

  /** The proof came to nothing, with a record; the credential of the account stays as it is. */
  #end(opened: OpenedAccount, row: ProofRow, proven: Proven, arg: SettleArgument | null): void {
    const object = this.#object;
    const mac = opened.key.mac;
    const { summary } = arg ?? { summary: null };
    object.store.transaction(() => {
      this.#endAttempt(row.sessionId, summary?.outcome ?? 'unknown', summary?.providerError ?? null);
      object.store.flows.deleteCandidate(mac, row.sessionId);
      const state = object.store.state(mac);
      if (state === null) return;
      const refused = proven.kind === 'refused';
      record(
        object,
        state.account,
        mac,
        {
          action: 'account.import',
          outcome: refused ? 'refused' : (summary?.doubt ?? true) ? 'unknown' : 'failed',
          reason: refused ? 'credential_refused' : 'not_proven',
          evidence: [
            ...(summary?.providerError == null ? [] : [`code:${summary.providerError}`]),
            ...(arg?.evidence ?? ['no_answer']),
          ],
        },
        contextOf(row),
      );
    });
    this.#tell(row.sessionId, proven);
  }

  #endAttempt(id: string, outcome: string, providerError: string | null): void {
    const { attempts, timers, now } = this.#object;
    attempts.end(id, { endedAtMs: now(), outcome, reason: null, providerError });
    timers.clear(`reconcile:${id}`);
  }

  /** The account was changed by another request: an open proof for it has no place any more. */
  abandon(): void {
    for (const id of this.#asked.keys()) this.#tell(id, { kind: 'overtaken' });
  }

  #tell(attemptId: string, proven: Proven): void {
    this.#asked.get(attemptId)?.tell(proven);
    this.#asked.delete(attemptId);
  }
}

const contextOf = (row: ProofRow): RequestContext => row.proof.context;

function requestOf(living: Living, row: ProofRow, attempt: AttemptRow, budgetMs: number): ExchangeRequest {
  const { account } = living.state;
  const { grant, proof } = row;
  return {
    accountId: account.accountId,
    organization: account.organization,
    incarnation: account.incarnation,
    attemptId: attempt.id,
    grantId: attempt.grantId,
    generationFrom: attempt.generationFrom,
    generationTo: attempt.generationTo,
    dataKey: account.dataKey,
    refreshToken: grant.refreshToken ?? '',
    accessToken: null,
    captured: null,
    scopes: null,
    inDoubt: false,
    settings: forGrant(settingsFor(account, proof.settings), grant.client),
    budgetMs,
    wantsSubject: true,
  };
}

/** The grant under another generation: its ciphertexts are bound to the one that they were made for. */
async function renumbered(
  object: Account,
  opened: OpenedAccount,
  grant: GrantRow,
  generation: number,
  type: CredentialType,
): Promise<GrantRow> {
  const presented = isMachineType(type) ? 'machine_credential' : 'refresh_token';
  const again = async (field: GrantField, text: string | null): Promise<string | null> => {
    if (text === null) return null;
    const plain = await object.vault.decrypt(opened, grant.id, field, grant.generation, text);
    if (!plain.ok) throw new Error('internal: what was just encrypted does not open');
    return object.vault.encrypt(opened, grant.id, field, generation, plain.value);
  };
  return {
    ...grant,
    generation,
    accessToken: await again('access_token', grant.accessToken),
    refreshToken: await again(presented, grant.refreshToken),
    captured: await again('captured', grant.captured),
  };
}
