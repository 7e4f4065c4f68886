/**
 * An exchange in the journal: the attempt that is durable before anything leaves, what the Exchanger is handed for it,
 * and the end of one whose answer can no longer come. Refuses to judge whether an attempt is due (`refresher.ts`) and to
 * send it.
 */

import { newId } from '#crypto/api-keys.ts';
import type { Trigger } from '#refresh/exchange/attempt.ts';
import type { ExchangeRequest } from '#refresh/exchange/exchange-request.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import { forGrant } from '#providers/clients.ts';
import type { Account } from '../account.ts';
import type { AttemptRow, ConnectionSettings, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import { settingsFor } from './lifetime.ts';
import { narrowedOf } from './narrowing.ts';
import { newestOf } from './usable.ts';

/** An exchange that is about to be made, and why. */
export interface PlannedExchange {
  readonly state: AccountState;
  readonly grant: GrantRow;
  /** Those of the account, or newer ones of the directory. */
  readonly settings: ConnectionSettings;
  readonly trigger: Trigger;
  /** Narrow to these; null: as granted. */
  readonly scopes: readonly string[] | null;
}

/**
 * Writes attempt row and reconcile timer, in one transaction of its own: they are durable before the exchange is handed
 * over. The row draws the generation and says when the grant was last tried (`store.ts`).
 *
 * @returns what is handed to the Exchanger
 */
export function beginAttempt(object: Account, mac: Uint8Array, planned: PlannedExchange): ExchangeRequest {
  const { state, settings } = planned;
  const attempt = attemptOf(planned, newId('rfa'), object.now());
  const { startedAtMs } = attempt;
  object.store.transaction(() => {
    object.attempts.begin(attempt);
    if (settings !== state.settings) object.store.saveSettings(mac, settings);
    object.timers.set(`reconcile:${attempt.id}`, startedAtMs + object.config.exchangeBudgetMs);
  });
  return requestOf(planned, attempt, object.config.exchangeBudgetMs);
}

/** The journal's row. Pure. */
function attemptOf(
  { state, grant, trigger, scopes }: PlannedExchange,
  id: string,
  startedAtMs: number,
): AttemptRow {
  return {
    id,
    grantId: grant.id,
    generationFrom: grant.generation,
    generationTo: state.account.generationCounter + 1,
    trigger: grant.doubtSinceMs !== null && trigger === 'on_demand' ? 'reconcile' : trigger,
    startedAtMs,
    endedAtMs: null,
    outcome: null,
    reason: null,
    providerError: null,
    tokenAgeMs: ageOf(presentToken(state, grant, scopes), startedAtMs),
  };
}

/** Ciphertexts alone. Pure. */
function requestOf(
  { state, grant, settings, scopes }: PlannedExchange,
  attempt: AttemptRow,
  budgetMs: number,
): ExchangeRequest {
  return {
    accountId: state.account.accountId,
    organization: state.account.organization,
    incarnation: state.account.incarnation,
    attemptId: attempt.id,
    grantId: grant.id,
    generationFrom: grant.generation,
    generationTo: attempt.generationTo,
    dataKey: state.account.dataKey,
    refreshToken: grant.refreshToken ?? '',
    accessToken: grant.accessToken,
    captured: grant.captured,
    scopes,
    inDoubt: grant.doubtSinceMs !== null,
    settings: forGrant(settingsFor(state.account, settings), grant.client),
    budgetMs,
    wantsSubject: state.account.subject === null && newestOf(state.grants)?.id === grant.id,
    variables: state.account.variables,
  };
}

/** Its outcome is unknown, which is doubt. Pure. */
export function lostAttempt(attempt: AttemptRow, incarnation: number, nowMs: number): SettleArgument {
  return {
    attemptId: attempt.id,
    grantId: attempt.grantId,
    incarnation,
    generationFrom: attempt.generationFrom,
    generationTo: attempt.generationTo,
    sentAtMs: attempt.startedAtMs,
    durationMs: Math.max(0, nowMs - attempt.startedAtMs),
    summary: { outcome: 'unknown', doubt: true, retryAfterMs: null, providerError: null, reason: null },
    evidence: ['no_answer'],
    tokens: null,
    narrowedTo: null,
    connectionVersion: 0,
  };
}

/** When the token that is about to be replaced was asked for. */
function presentToken(state: AccountState, grant: GrantRow, scopes: readonly string[] | null): number | null {
  return scopes === null ? grant.tokenAtMs : (narrowedOf(state, grant, scopes)?.tokenAtMs ?? null);
}

function ageOf(tokenAtMs: number | null, nowMs: number): number | null {
  return tokenAtMs === null ? null : Math.max(0, nowMs - tokenAtMs);
}
