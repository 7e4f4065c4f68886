/** Why an account stands where it stands, and what happens next: for the person who has to answer for it. Pure. */

import type { Explanation } from '#contract/account-insight.ts';
import type { Policy } from '#contract/policy.ts';
import { isoTime } from '#lib/clock.ts';
import { decide } from '#policy/decide.ts';
import { reachesIdentifier } from '#policy/reach.ts';
import { resolveScopes } from '#providers/scopes.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import { canNarrow } from './narrowing.ts';
import { inDoubtSinceMs } from './plan.ts';
import type { AccountRow, AttemptRow, GrantRow } from './rows.ts';
import type { AccountState } from './store.ts';
import type { Timer } from './timers.ts';
import { attemptView } from './view.ts';

export interface ExplainInput {
  readonly state: AccountState;
  /** Newest first. */
  readonly attempts: readonly AttemptRow[];
  readonly timers: readonly Timer[];
  readonly nowMs: number;
}

export function explain({ state, attempts, timers, nowMs }: ExplainInput): Explanation {
  const { account } = state;
  return {
    status: account.status,
    since: isoTime(account.statusSinceMs),
    why: whyOf(state, nowMs),
    attempts: attempts.map(attemptView),
    next: timers.map(nextOf).filter((next) => next !== null),
    evidence: [...account.statusEvidence],
  };
}

const DEATHS: Readonly<Record<string, string>> = {
  grant_revoked: 'the provider says that the grant is revoked',
  refresh_token_expired: 'the refresh token has expired',
  refresh_token_idle: 'the refresh token was not used for too long',
  rotation_response_lost:
    'the answer that carried the next refresh token was lost, and the provider refuses the one before: the user did nothing wrong',
  policy_changed: 'the provider no longer permits this, although the token was fresh',
  admin_policy: 'an administrator at the provider does not permit this',
  no_refresh_token: 'the access token has ended and nothing can renew it',
  unknown: 'the provider has refused for a day with a code that nobody knows',
};

function whyOf(state: AccountState, nowMs: number): string {
  const { account, grants } = state;
  switch (account.status) {
    case 'pending':
      return 'no credential has been imported or connected yet';
    case 'disabled':
      return 'an operator has disabled the account; enabling it goes on where it was';
    case 'revoked':
      return 'an operator has revoked the account; a new import or connect brings it back';
    case 'reauth_required':
      return `${DEATHS[account.statusReason ?? ''] ?? 'the grant is dead'}${codeOf(account.statusProviderError)}; the user must connect again`;
    case 'active':
      return whyActive(account, grants, inDoubtSinceMs(state, nowMs), nowMs);
  }
}

function codeOf(code: string | null): string {
  return code === null ? '' : ` (${code})`;
}

function whyActive(
  account: AccountRow,
  grants: readonly GrantRow[],
  doubtSinceMs: number | null,
  nowMs: number,
): string {
  if (doubtSinceMs !== null) {
    return `the answer to the refresh of ${isoTime(doubtSinceMs)} never came: the provider may have replaced the refresh token, so the old one is held back until the access token has nearly ended`;
  }
  if (account.degradedCause === 'token_refused_by_api')
    return 'the API refuses the credential although it is fresh';
  if (account.credentialType !== 'oauth2') return 'a static credential is stored and handed out as it is';
  const failing = grants.find((grant) => grant.failures > 0);
  if (failing === undefined) return 'all is well';
  const lives = accessLives(failing, nowMs);
  const tail = lives
    ? 'the stored token still lives and is handed out'
    : 'there is no living token until it succeeds';
  const count = failing.failures === 1 ? 'the last refresh' : `the last ${failing.failures} refreshes`;
  return `${count} failed (${failing.lastFailure ?? 'unknown'}${codeOf(failing.lastFailureCode)}): ${tail}`;
}

const WHAT: Readonly<Record<string, string>> = {
  proactive: 'refresh before the token expires',
  heartbeat: 'daily refresh of an idle account, to know that its grant lives',
  keepalive: 'refresh before the refresh token dies of idleness',
  retry: 'next attempt after a failure',
  end: 'the access token ends and nothing can renew it',
};

function nextOf(timer: Timer): Explanation['next'][number] | null {
  const at = isoTime(timer.dueAtMs);
  if (timer.kind.startsWith('refresh:')) return { what: WHAT[timer.payload ?? ''] ?? 'refresh', at };
  if (timer.kind.startsWith('reconcile:')) return { what: 'decide about a refresh without an answer', at };
  return null;
}

/** An agent as its rules describe it. */
export interface AskingAgent {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
  readonly status: 'active' | 'suspended';
  readonly policy: Policy;
}

/** Has the agent a rule for this account? To all others it does not exist. */
export function knowsAccount(agent: AskingAgent, { account }: AccountState): boolean {
  return (
    account.organization === agent.organization &&
    agent.status === 'active' &&
    reachesIdentifier(agent, account.connection, account.identifier)
  );
}

/** What the agent may do with this account's token, and by which rule. */
export function reachOf(state: AccountState, agent: AskingAgent): NonNullable<Explanation['agent']> {
  const { account, settings, grants } = state;
  if (account.organization !== agent.organization) {
    return { id: agent.id, allowed: false, reason: 'not_found', rule: null, scopes: null };
  }
  const { connection, identifier } = account;
  const resolve = (names: string[]): string[] => resolveScopes(settings.descriptor, names);
  const decision = decide({
    agent,
    request: { action: 'token', connection, identifier, scopes: null },
    granted: grants.map((grant) => ({ scopes: grant.scopes === null ? null : [...grant.scopes], resolve })),
    canNarrow: canNarrow(settings),
  });
  return decision.allowed
    ? {
        id: agent.id,
        allowed: true,
        reason: null,
        rule: decision.rule,
        scopes: decision.narrowTo ?? decision.scopes,
      }
    : { id: agent.id, allowed: false, reason: decision.reason, rule: null, scopes: decision.allowedScopes };
}
