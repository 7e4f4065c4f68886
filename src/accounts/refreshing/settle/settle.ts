/**
 * The end of an attempt: one synchronous, idempotent compare-and-set that writes grant, attempt, schedule, audit and
 * index outbox in one transaction. Called by the Exchanger through a fresh stub, possibly on a later incarnation of
 * the object, possibly twice; and by `reconcile` for an attempt whose answer never came.
 */

import { systemContext } from '#audit/record.ts';
import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import { planSettle, type SettlePlan } from '#refresh/exchange/settle-plan.ts';
import { learntFrom } from '#refresh/learnt-lifetime.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import type { DegradedCause } from '#webhooks/event.ts';
import { afterNews } from '#webhooks/incident.ts';
import { record, type Account } from '../../account.ts';
import { applyChange } from '../../life/changes.ts';
import { standingOf, tell, tellRefreshed } from '../../life/events.ts';
import { withSpent } from '../../life/import/judge.ts';
import type { AccountRow, AttemptRow, GrantRow } from '../../rows.ts';
import { mayRefresh } from '../../status.ts';
import type { AccountState } from '../../store.ts';
import { KEPT_ATTEMPTS } from '../attempts.ts';
import { endingAsLearnt } from '../lifetime.ts';
import { absoluteEndMs, armGrant, idleEndMs, REFUSED_ALONE, rotationFacts } from '../plan.ts';
import { refuseNarrowing, storeNarrowed } from './narrowed.ts';
import type { Settling, Storing } from './settling.ts';

/** `overtaken`: nothing was changed, because the attempt had its end or the grant is another by now. */
export type Settled = 'stored' | 'failed' | 'dead' | 'overtaken';

/** Runs inside the caller's transaction and awaits nothing. Every end writes the account's row: the generation is drawn. */
export function settle(
  object: Account,
  mac: Uint8Array,
  state: AccountState | null,
  arg: SettleArgument,
): Settled {
  const found = planned(object, mac, state, arg);
  if (found === null) return 'overtaken';
  endAttempt(found);
  recordRefresh(found);
  const settling = spend(found);
  const { plan } = found;
  if (plan.status === 'stored' && arg.tokens !== null) {
    const storing = learn({ ...settling, tokens: arg.tokens });
    if (arg.narrowedTo !== null) storeNarrowed(storing, arg.narrowedTo);
    store(storing);
  } else if (arg.narrowedTo !== null && arg.evidence.includes('narrowed')) {
    // Refusing to narrow says nothing about the grant: it is this scope set's matter alone.
    refuseNarrowing(settling, arg.narrowedTo);
  } else if (plan.status === 'dead') die(found);
  else {
    fail(settling);
  }
  return plan.status;
}

/** The attempt that is settled, with the plan for what came of it; null: it has had its end. */
function planned(
  object: Account,
  mac: Uint8Array,
  state: AccountState | null,
  arg: SettleArgument,
): Settling | null {
  const attempt = object.attempts.byId(arg.attemptId);
  const grant = state?.grants.find((row) => row.id === arg.grantId);
  if (state === null || attempt === null || grant === undefined) return null;
  if (grant.generation !== arg.generationFrom || state.account.incarnation !== arg.incarnation) return null;
  if (attempt.endedAtMs !== null && !isWelcomeLate(object, state, attempt, arg)) return null;
  const nowMs = object.now();
  const plan = planSettle({
    nowMs,
    outcome: arg.summary,
    grant,
    rotation: rotationFacts(state.settings),
    attemptStartedAtMs: attempt.startedAtMs,
    ...(arg.probe === true ? { probe: true } : {}),
    random: object.random,
  });
  return { object, mac, state, grant, attempt, arg, plan, nowMs };
}

function endAttempt({ object, arg, plan, nowMs }: Settling): void {
  object.attempts.end(arg.attemptId, {
    endedAtMs: nowMs,
    outcome: plan.status === 'dead' ? 'grant_dead' : arg.summary.outcome,
    reason: plan.deathReason ?? arg.summary.reason,
    providerError: arg.summary.providerError,
  });
  object.timers.clear(`reconcile:${arg.attemptId}`);
}

/**
 * A new refresh token that comes after its attempt was given up is still the valid token: dropping it would leave the
 * spent token to be presented again. It is welcome as long as nothing else has been sent for the grant and the grant is
 * not over.
 */
function isWelcomeLate(
  object: Account,
  state: AccountState,
  attempt: AttemptRow,
  arg: SettleArgument,
): boolean {
  if (attempt.outcome !== 'unknown' || arg.tokens === null) return false;
  if (state.account.status !== 'active' && state.account.status !== 'disabled') return false;
  return !object.attempts.open().some((other) => other.grantId === arg.grantId);
}

/** The first successor of a token that an operator brought: from now on that one is never presented again. */
function spend(settling: Settling): Settling {
  const { state, grant, arg } = settling;
  if (arg.tokens?.rotated !== true) return settling;
  const account = withSpent(state.account, grant.id);
  return account === state.account ? settling : { ...settling, state: { ...state, account } };
}

/** The account with what a token teaches that the API refused before its end. */
function learn(storing: Storing): Storing {
  const { object, state, grant, attempt, nowMs } = storing;
  if (attempt.trigger !== 'rejected') return storing;
  const attempts = object.attempts.newest(KEPT_ATTEMPTS).filter(({ grantId }) => grantId === grant.id);
  const learnt = learntFrom(attempts, { nowMs, assumedMs: grant.lifetimeMs });
  if (learnt === null) return storing;
  return { ...storing, state: { ...state, account: { ...state.account, learntLifetime: learnt } } };
}

function store({ object, mac, state, grant, arg, tokens, nowMs }: Storing): void {
  const own: Partial<GrantRow> =
    tokens.narrowedAccessToken !== null
      ? {}
      : {
          tokenType: tokens.tokenType,
          scopes: tokens.scopes ?? grant.scopes,
          accessExpiresAtMs: tokens.lifetimeMs === null ? null : arg.sentAtMs + tokens.lifetimeMs,
          tokenAtMs: arg.sentAtMs,
          lifetimeMs: tokens.lifetimeMs,
          // Accounts that have waited for a provider come back together: their next cycle is as wide as a first cycle.
          cycle: state.account.degradedCause === 'provider_unavailable' ? 0 : grant.cycle + 1,
        };
  const stored: GrantRow = {
    ...grant,
    ...own,
    generation: arg.generationTo,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    hasAccessToken: tokens.accessToken !== null,
    hasRefreshToken: tokens.refreshToken !== null,
    refreshExpiresAtMs: absoluteEndMs(
      state.settings,
      grant.grantedAtMs,
      tokens.refreshLifetimeMs === null ? grant.refreshExpiresAtMs : arg.sentAtMs + tokens.refreshLifetimeMs,
    ),
    refreshIdleExpiresAtMs: idleEndMs(state.settings, arg.sentAtMs),
    nextAttemptAtMs: null,
    // A successor came along that cannot be kept: the stored refresh token is spent as far as anybody knows.
    doubtSinceMs: arg.summary.doubt && rotationFacts(state.settings).rotating ? arg.sentAtMs : null,
    failures: 0,
    lastFailure: null,
    lastFailureCode: null,
    unknown: null,
    captured: tokens.captured,
  };
  const renewed = endingAsLearnt(stored, state.account, nowMs);
  object.store.saveGrant(mac, renewed);
  // A new token that the API has not seen yet does not end the refusals; the end of the hold does.
  const refused =
    state.account.degradedCause === 'token_refused_by_api' && (grant.rejectHoldUntilMs ?? 0) > nowMs;
  const over = state.account.degradedSinceMs !== null && !refused;
  const healthy: AccountRow = {
    ...state.account,
    lastRefreshedAtMs: nowMs,
    degradedSinceMs: over ? null : state.account.degradedSinceMs,
    degradedCause: over ? null : state.account.degradedCause,
    updatedAtMs: Math.max(nowMs, state.account.updatedAtMs),
  };
  tellRefreshed(object, mac, healthy);
  const account = over ? tell(object, mac, state.account, healthy, { kind: 'recovered' }) : healthy;
  object.store.saveAccount(mac, account);
  if (state.account.degradedSinceMs !== account.degradedSinceMs) object.timers.set('index', nowMs);
  armGrant(object, account, state.settings, renewed);
}

function die({ object, mac, state, grant, arg, plan }: Settling): void {
  object.store.saveGrant(mac, afterFailure(grant, arg, plan));
  object.timers.clear(`refresh:${grant.id}`);
  applyChange(
    object,
    mac,
    { ...state.account, degradedSinceMs: null, degradedCause: null },
    {
      signal: 'grant_died',
      action: 'account.status',
      reason: plan.deathReason,
      providerError: arg.summary.providerError,
      evidence: arg.evidence,
    },
    systemContext(arg.attemptId),
  );
}

function fail({ object, mac, state, grant: before, arg, plan, nowMs }: Settling): void {
  const grant = withSuccessor(before, arg);
  const failed = afterFailure(grant, arg, plan);
  object.store.saveGrant(mac, failed);
  // A client that is refused is the operator's trouble, and told of the connection.
  const spared = accessLives(grant, nowMs) || arg.summary.outcome === 'client_rejected';
  const cause = plan.held ? 'refresh_in_doubt' : spared ? null : 'provider_unavailable';
  const account = degrade(object, mac, state.account, cause, nowMs);
  if (account === state.account) object.store.saveAccount(mac, account);
  if (mayRefresh(account.status)) armGrant(object, account, state.settings, failed);
}

/**
 * The provider refuses our client to this grant alone, while others of the connection go on with it: its own wait holds,
 * and the account shows it where it has no living token.
 */
export function refusedAlone(object: Account, mac: Uint8Array, grantId: number, generation: number): void {
  object.store.transaction(() => {
    const state = object.store.state(mac);
    const grant = state?.grants.find(({ id }) => id === grantId);
    if (state === null || grant?.generation !== generation || grant.lastFailure !== 'client_rejected') return;
    object.store.saveGrant(mac, { ...grant, lastFailure: REFUSED_ALONE });
    if (mayRefresh(state.account.status) && !accessLives(grant, object.now()))
      degrade(object, mac, state.account, 'provider_unavailable', object.now());
  });
}

/** An answer without a usable access token that carried a usable successor: the successor is what lives from now on. */
function withSuccessor(grant: GrantRow, arg: SettleArgument): GrantRow {
  if (arg.tokens === null) return grant;
  const { accessToken, refreshToken, captured } = arg.tokens;
  return { ...grant, generation: arg.generationTo, accessToken, refreshToken, captured };
}

function afterFailure(grant: GrantRow, arg: SettleArgument, plan: SettlePlan): GrantRow {
  return {
    ...grant,
    nextAttemptAtMs: plan.nextAttemptAtMs,
    doubtSinceMs: plan.doubtSinceMs,
    failures: plan.failures,
    unknown: plan.unknown,
    lastFailure: arg.summary.reason === 'record_corrupt' ? 'record_corrupt' : arg.summary.outcome,
    lastFailureCode: arg.summary.providerError,
  };
}

/** The trouble is over. Inside a transaction. */
export function recover(object: Account, mac: Uint8Array, account: AccountRow, nowMs: number): AccountRow {
  if (account.degradedSinceMs === null) return account;
  const recovered: AccountRow = {
    ...account,
    degradedSinceMs: null,
    degradedCause: null,
    updatedAtMs: Math.max(nowMs, account.updatedAtMs),
  };
  const after = tell(object, mac, account, recovered, { kind: 'recovered' });
  object.store.saveAccount(mac, after);
  object.timers.set('index', nowMs);
  return after;
}

/** Marks the account degraded, once per trouble; `cause` null leaves it as it is. Inside a transaction. */
export function degrade(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  cause: DegradedCause | null,
  nowMs: number,
): AccountRow {
  // An outage says less than a doubt: a cause that is known already or says less is no news.
  if (cause === null || afterNews(standingOf(account), { kind: 'trouble', cause }).event === null)
    return account;
  const degraded: AccountRow = {
    ...account,
    degradedSinceMs: account.degradedSinceMs ?? nowMs,
    degradedCause: cause,
    updatedAtMs: Math.max(nowMs, account.updatedAtMs),
  };
  const after = tell(object, mac, account, degraded, { kind: 'trouble', cause });
  object.store.saveAccount(mac, after);
  object.timers.set('index', nowMs);
  return after;
}

function recordRefresh({ object, mac, state, attempt, arg, plan }: Settling): void {
  const { summary } = arg;
  record(
    object,
    state.account,
    mac,
    {
      action: 'token.refresh',
      outcome:
        plan.status === 'stored'
          ? 'ok'
          : summary.doubt || summary.outcome === 'unknown'
            ? 'unknown'
            : 'failed',
      reason: plan.deathReason ?? (summary.outcome === 'refreshed' ? null : summary.outcome),
      scopes: arg.tokens?.scopes ?? null,
      token_fingerprint: arg.tokens?.fingerprint ?? null,
      duration_ms: arg.durationMs,
      evidence: [
        `trigger:${attempt.trigger}`,
        ...(summary.providerError === null ? [] : [`code:${summary.providerError}`]),
        ...arg.evidence,
      ],
    },
    systemContext(arg.attemptId),
  );
}
