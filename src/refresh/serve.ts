/**
 * What to do when a caller asks for a token: hand out the stored one, renew it first, wait, or say that it is over.
 *
 * Owns the effective `min_ttl` and the rule that keeps `min_ttl` from being a pump that rotates on every call.
 * Refuses to do any of it: no clock, no storage, no call. It does not know the provider's rotation, so before a
 * `reconcile` is sent `mayPresentInDoubt` (doubt.ts) has the last word.
 */
import { accessLeftMs, accessLives, SHORTEST_CYCLE_MS, waitForAttemptMs } from './lifetimes.ts';
import type { GrantTimes } from './lifetimes.ts';

/**
 * The caller's default is capped low, so that a caller who names no `min_ttl` hardly shortens the useful life of a
 * token.
 */
const DEFAULT_SHARE = 0.2;
/** A caller who names a `min_ttl` has a reason; half the life still leaves each token a useful half. */
const EXPLICIT_SHARE = 0.5;

/**
 * The decision about a request for a token.
 * - `serve`: hand out the stored token.
 * - `refresh`: renew first. With `mustSucceed` false the token still lives and may be served when the renewal fails.
 * - `wait`: it has ended and nothing is to be tried before `retryAfterMs` (> 0) have passed.
 * - `ended`: it has ended or was never there, and nothing can renew it (reason `no_refresh_token`).
 */
export type ServeDecision =
  | { kind: 'serve' }
  | { kind: 'refresh'; trigger: 'on_demand' | 'reconcile'; mustSucceed: boolean }
  | { kind: 'wait'; retryAfterMs: number }
  | { kind: 'ended' };

/**
 * The `min_ttl` that counts: what was asked for, but at most 20 % of the lifetime last granted, 50 % where the caller
 * named it himself. Without a known lifetime there is nothing to cap by.
 */
export function effectiveMinTtlMs(input: {
  minTtlMs: number;
  minTtlExplicit: boolean;
  lifetimeMs: number | null;
}): number {
  const askedMs = Math.max(0, input.minTtlMs);
  if (input.lifetimeMs === null) return askedMs;
  const share = input.minTtlExplicit ? EXPLICIT_SHARE : DEFAULT_SHARE;
  return Math.min(askedMs, share * Math.max(0, input.lifetimeMs));
}

/**
 * Decides a request for the token of one grant. Never answers `serve` for a token with less than a second left, and
 * lets a living token be renewed at most once in 30 s.
 *
 * A `tokenAtMs` or `lastAttemptStartedAtMs` in the future means that the clock was set back: it counts as just now, so
 * a living token is left alone and an ended one is renewed.
 */
export function decideServe(input: {
  nowMs: number;
  grant: GrantTimes;
  minTtlMs: number;
  minTtlExplicit: boolean;
}): ServeDecision {
  const { nowMs, grant } = input;
  const trigger = grant.doubtSinceMs === null ? 'on_demand' : 'reconcile';

  if (!accessLives(grant, nowMs)) {
    if (!grant.hasRefreshToken) return { kind: 'ended' };
    const retryAfterMs = waitForAttemptMs(grant, nowMs, false);
    return retryAfterMs > 0
      ? { kind: 'wait', retryAfterMs }
      : { kind: 'refresh', trigger, mustSucceed: true };
  }

  const lifetimeMs = grant.lifetimeMs ?? lifetimeFromTimes(grant);
  const enough = accessLeftMs(grant, nowMs) >= effectiveMinTtlMs({ ...input, lifetimeMs });
  if (enough || !grant.hasRefreshToken) return { kind: 'serve' };
  if (waitForAttemptMs(grant, nowMs, true) > 0) return { kind: 'serve' };
  if (isRecent(grant.tokenAtMs, nowMs) || isRecent(grant.lastAttemptStartedAtMs, nowMs))
    return { kind: 'serve' };
  return { kind: 'refresh', trigger, mustSucceed: false };
}

/** Within the last 30 s, or in the future. */
function isRecent(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && nowMs - atMs < SHORTEST_CYCLE_MS;
}

function lifetimeFromTimes(grant: GrantTimes): number | null {
  if (grant.accessExpiresAtMs === null || grant.tokenAtMs === null) return null;
  return grant.accessExpiresAtMs - grant.tokenAtMs;
}
