/** Why an account stands where it stands, and what happens next: for the person who has to answer for it. Pure. */

import { isRenewedType, isSignedType } from '#contract/machine/kinds.ts';
import type { Explanation } from '#contract/accounts/account-insight.ts';
import { isoTime } from '#lib/clock.ts';
import { stillLearnt } from '#refresh/learnt-lifetime.ts';
import { accessLives, reauthDueMs } from '#refresh/lifetimes.ts';
import type { Timer } from '#objects/timers.ts';
import { inDoubtSinceMs, REFUSED_ALONE } from '../refreshing/plan.ts';
import { DECLARED_END } from '../refreshing/usable.ts';
import type { AccountRow, AttemptRow, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { Obstacles } from './obstacles.ts';
import { attemptView } from './view.ts';

export interface ExplainInput {
  readonly state: AccountState;
  readonly obstacles: Obstacles;
  /** Newest first. */
  readonly attempts: readonly AttemptRow[];
  readonly timers: readonly Timer[];
  readonly nowMs: number;
}

export function explain(input: ExplainInput): Explanation {
  const { state, obstacles, attempts, timers } = input;
  const { account } = state;
  return {
    status: account.status,
    since: isoTime(account.statusSinceMs),
    why: [whyAltogether(input), ...lifetimeWords(input)].join('; '),
    attempts: attempts.map(attemptView),
    // All of one form, whose order as text is that in time.
    next: [...timers.map(nextOf).filter((next) => next !== null), ...obstacles.next].toSorted(
      (left, right) => (left.at < right.at ? -1 : 1),
    ),
    evidence: [
      ...account.statusEvidence,
      ...obstacles.evidence,
      ...ownEvidence(state),
      ...(lifetimeWords(input).length === 0 ? [] : ['access_token_lifetime_learnt']),
    ],
  };
}

function ownEvidence({ account, grants }: AccountState): string[] {
  if (account.status !== 'active' || endingOf(grants) === null) return [];
  return [isRenewedType(account.credentialType) ? 'no_refresh_token' : DECLARED_END];
}

/** What the API has taught about the life of access tokens. */
function lifetimeWords({ state, nowMs }: ExplainInput): string[] {
  const learnt = stillLearnt(state.account.learntLifetime, nowMs);
  if (learnt === null || state.account.status !== 'active') return [];
  const seconds = Math.floor(learnt.lifetimeMs / 1000);
  return [
    `the API refused access tokens before the end that their provider told: since ${isoTime(learnt.atMs)} they are taken to live ${seconds} s (set access_token_ttl_s to say it yourself)`,
  ];
}

const ALL_WELL = 'all is well';

/** Troubles that keep the token from every agent come first, then the account's own. */
function whyAltogether({ state, obstacles, nowMs }: ExplainInput): string {
  const { shut, health } = obstacles;
  const own = whyOf(state, shut.length === 0, nowMs);
  const reasons = [...shut, ...(health === null ? [] : [health])];
  if (own !== ALL_WELL) return [...reasons, own].join('; ');
  if (health === null && shut.length > 0) return [...reasons, `otherwise ${ALL_WELL}`].join('; ');
  return reasons.length === 0 ? own : reasons.join('; ');
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

/** @param leaves whether its credential may leave at all */
function whyOf(state: AccountState, leaves: boolean, nowMs: number): string {
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
      return whyActive(account, grants, { doubtSinceMs: inDoubtSinceMs(state, nowMs), leaves, nowMs });
  }
}

function codeOf(code: string | null): string {
  return code === null ? '' : ` (${code})`;
}

function whyActive(
  account: AccountRow,
  grants: readonly GrantRow[],
  { doubtSinceMs, leaves, nowMs }: { doubtSinceMs: number | null; leaves: boolean; nowMs: number },
): string {
  if (doubtSinceMs !== null) {
    return `the answer to the refresh of ${isoTime(doubtSinceMs)} never came: the provider may have replaced the refresh token, so the old one is held back until the access token has nearly ended`;
  }
  if (account.degradedCause === 'token_refused_by_api')
    return 'the API refuses the credential although it is fresh';
  if (!isRenewedType(account.credentialType)) return whyStatic(account, grants, leaves);
  const alone = grants.find((grant) => grant.lastFailure === REFUSED_ALONE);
  if (alone !== undefined)
    return `the provider refuses our client${codeOf(alone.lastFailureCode)} to this account alone, while others of its connection refresh with it: its grant was probably given to another client, and the user must connect again`;
  const failing = grants.find((grant) => grant.failures > 0);
  const ending = endingOf(grants);
  if (failing === undefined && ending !== null)
    return `the provider gave no refresh token: at ${isoTime(ending)} the access token ends, nothing can renew it, and the user must connect again`;
  if (failing === undefined) return ALL_WELL;
  const lives = accessLives(failing, nowMs);
  const tail = lives
    ? `the stored token still lives${leaves ? ' and is handed out' : ''}`
    : 'there is no living token until it succeeds';
  const count = failing.failures === 1 ? 'the last refresh' : `the last ${failing.failures} refreshes`;
  return `${count} failed (${failing.lastFailure ?? 'unknown'}${codeOf(failing.lastFailureCode)}): ${tail}`;
}

function whyStatic({ credentialType }: AccountRow, grants: readonly GrantRow[], leaves: boolean): string {
  const use = isSignedType(credentialType)
    ? ' and signs the requests of the proxy and of tools'
    : leaves
      ? ' and handed out as it is'
      : '';
  const ending = endingOf(grants);
  const end = ending === null ? '' : `, until ${isoTime(ending)}: then another one has to be brought`;
  return `a static credential is stored${use}${end}`;
}

/** When the first grant ends that nothing can renew (epoch ms); null: none does. */
function endingOf(grants: readonly GrantRow[]): number | null {
  const ends = grants.filter((grant) => !grant.hasRefreshToken).map(reauthDueMs);
  const known = ends.filter((end) => end !== null);
  return known.length === 0 ? null : Math.min(...known);
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
