/**
 * What to do when an API refused a token and its user says which one it was (refresh.md, "Single flight", rule 2).
 *
 * Owns the question whether such a report is worth a refresh: it may be about a token that is long replaced, come
 * again too soon, or the API may refuse every token. Refuses to keep count: the recent attempts are an argument, and so
 * is the hold it asked for earlier.
 */
import { SHORTEST_CYCLE_MS, waitForAttemptMs } from './lifetimes.ts';
import type { GrantTimes } from './lifetimes.ts';

/** Tokens younger than this count as fresh, and rejections within this time of one another as one story. */
const FRESH_MS = 10 * 60_000;
/** After so many fresh tokens it is not the token that the API dislikes. */
const FRESH_REJECTIONS = 3;
/** How long no report is worth a refresh after that. */
export const REFUSED_HOLD_MS = 15 * 60_000;
/** Objects move between machines whose clocks differ a little; more than this is a clock set back. */
const CLOCK_SLACK_MS = 60_000;
/** Two tokens born closer together than this are one, told with a rounding error: refreshes are 30 s apart. */
const SAME_TOKEN_MS = 1_000;

/**
 * The decision about a report. All `retryAfterMs` are > 0.
 * - `other_token`: the refused one is not the current one. Nothing is renewed for it; go on as for any request.
 * - `refresh`: renew with trigger `rejected`.
 * - `wait`: too soon after the last such refresh, or nothing may be tried yet.
 * - `refused_by_api`: fresh tokens are refused too. Keep `nowMs + retryAfterMs` as the hold, show
 *   `token_refused_by_api`.
 * - `permission_lost`: fresh tokens are refused with a signal that the facts know as a lost permission: no refresh
 *   mends it. Ends the grant, reason `policy_changed`.
 * - `unrenewable`: the refused one is the current one and nothing can renew it: `refused-token.ts` decides.
 */
export type RejectedDecision =
  | { kind: 'other_token' }
  | { kind: 'refresh' }
  | { kind: 'wait'; retryAfterMs: number }
  | { kind: 'refused_by_api'; retryAfterMs: number }
  | { kind: 'permission_lost' }
  | { kind: 'unrenewable' };

/** One attempt of the last ten minutes. */
export interface RecentAttempt {
  trigger: string;
  startedAtMs: number;
  /** Age, at `startedAtMs`, of the access token that the attempt was to replace; null: unknown or none. */
  tokenAgeMs: number | null;
  outcome: string | null;
}

/**
 * Decides a report of a refused token.
 *
 * @param input.recent attempts of the last ten minutes, newest first
 * @param input.permissionSignal the broker itself read the API's signal of a lost permission (`judgeApiAnswer`). An agent's
 *   word alone is not one: it would let an agent take an account from all the others
 * @param input.holdUntilMs end of the hold that an earlier `refused_by_api` asked for
 */
export function decideRejected(input: {
  nowMs: number;
  fingerprintMatches: boolean;
  grant: GrantTimes;
  recent: RecentAttempt[];
  holdUntilMs: number | null;
  permissionSignal?: boolean;
}): RejectedDecision {
  const { nowMs, grant, recent } = input;
  if (!input.fingerprintMatches) return { kind: 'other_token' };
  if (!grant.hasRefreshToken) return { kind: 'unrenewable' };

  const refusedFresh = countFreshRejected(grant, recent, nowMs) >= FRESH_REJECTIONS;
  if (refusedFresh && input.permissionSignal === true) return { kind: 'permission_lost' };

  const heldMs = input.holdUntilMs === null ? 0 : input.holdUntilMs - nowMs;
  // A clock set back leaves a hold longer than any that was given: it would silence reports for hours.
  if (heldMs > 0 && heldMs <= REFUSED_HOLD_MS + CLOCK_SLACK_MS)
    return { kind: 'refused_by_api', retryAfterMs: heldMs };

  const tooSoonMs = waitAfterLastMs(recent, nowMs);
  if (tooSoonMs > 0) return { kind: 'wait', retryAfterMs: tooSoonMs };

  if (refusedFresh) return { kind: 'refused_by_api', retryAfterMs: REFUSED_HOLD_MS };

  // The stored token still counts as usable here: an agent's word does not end a hold that protects a refresh token in
  // doubt, only the clock does.
  const usable = grant.doubtSinceMs !== null;
  const retryAfterMs = waitForAttemptMs(grant, nowMs, usable);
  return retryAfterMs > 0 ? { kind: 'wait', retryAfterMs } : { kind: 'refresh' };
}

/** The rest of the 30 s after the newest `rejected` or `forced` attempt; others do not count. */
function waitAfterLastMs(recent: RecentAttempt[], nowMs: number): number {
  let waitMs = 0;
  for (const attempt of recent) {
    if (attempt.trigger !== 'rejected' && attempt.trigger !== 'forced') continue;
    const agoMs = nowMs - attempt.startedAtMs;
    // An attempt dated further ahead than the wait itself was made before the clock was set back.
    if (agoMs < -SHORTEST_CYCLE_MS || agoMs >= SHORTEST_CYCLE_MS) continue;
    waitMs = Math.max(waitMs, SHORTEST_CYCLE_MS - Math.max(0, agoMs));
  }
  return waitMs;
}

/**
 * How many different tokens were rejected while fresh within ten minutes, the current one included. A token is told by
 * the instant it was asked for: a token that is rejected again because its renewal failed counts once.
 */
function countFreshRejected(grant: GrantTimes, recent: RecentAttempt[], nowMs: number): number {
  const births: number[] = [];
  const add = (bornAtMs: number) => {
    if (!births.some((other) => Math.abs(other - bornAtMs) < SAME_TOKEN_MS)) births.push(bornAtMs);
  };
  if (grant.tokenAtMs === null || nowMs - grant.tokenAtMs >= FRESH_MS) return 0;
  add(grant.tokenAtMs);
  for (const attempt of recent) {
    if (attempt.trigger !== 'rejected' || attempt.tokenAgeMs === null || attempt.tokenAgeMs >= FRESH_MS)
      continue;
    if (nowMs - attempt.startedAtMs < FRESH_MS) add(attempt.startedAtMs - attempt.tokenAgeMs);
  }
  return births.length;
}
