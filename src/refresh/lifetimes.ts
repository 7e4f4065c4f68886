/**
 * What a grant's row tells the decisions of this room, and how long its tokens still live.
 *
 * Owns the reading of those times, also when the clock has been set back. Refuses to know the time: no clock,
 * no random, no I/O; `nowMs` is always an argument.
 */

/** The times of one grant. All `Ms` are epoch or durations in milliseconds. */
export interface GrantTimes {
  /** Whether an access token is stored (an import may bring a refresh token alone). */
  hasAccessToken: boolean;
  /** Whether anything is stored that can renew the access token. */
  hasRefreshToken: boolean;
  /** End of the access token; null = never expires. Meaningless while `hasAccessToken` is false. */
  accessExpiresAtMs: number | null;
  /** When the present access token was asked for: lifetimes count from it. Null: none was. */
  tokenAtMs: number | null;
  /** Lifetime last granted; null: never expires, or unknown. */
  lifetimeMs: number | null;
  /** Refreshes since the grant was given. */
  cycle: number;
  /** Absolute end of the refresh token. Shown to people, never a reason to stop trying: the provider decides. */
  refreshExpiresAtMs: number | null;
  /** The refresh token dies of idleness then. */
  refreshIdleExpiresAtMs: number | null;
  /** No attempt before this. */
  nextAttemptAtMs: number | null;
  lastAttemptStartedAtMs: number | null;
  /** Start of the first attempt that left the present generation in doubt; set for rotating refresh tokens only. */
  doubtSinceMs: number | null;
}

/** `expires_in` is whole seconds and at least 1, so a token with less left can't be described truthfully. */
const SHORTEST_LIFE_MS = 1_000;

/** A living token is not asked for again before it is this old, nor this soon after the last attempt. */
export const SHORTEST_CYCLE_MS = 30_000;

/**
 * The longest that any plan of this room keeps an unusable token waiting is an hour (a clamped `Retry-After`); the
 * minute is for the way from the plan to the row. A clock set back or an expiry moved forward leaves a later time
 * behind.
 */
export const LONGEST_WAIT_MS = 61 * 60_000;

/**
 * How long the access token still lives. Infinity when it never expires, 0 when there is none or it has ended; never
 * more than the lifetime last granted, which only a clock that was set back could promise.
 */
export function accessLeftMs(
  grant: Pick<GrantTimes, 'hasAccessToken' | 'accessExpiresAtMs' | 'lifetimeMs'>,
  nowMs: number,
): number {
  if (!grant.hasAccessToken) return 0;
  if (grant.accessExpiresAtMs === null) return Infinity;
  const leftMs = Math.max(0, grant.accessExpiresAtMs - nowMs);
  return grant.lifetimeMs !== null && grant.lifetimeMs > 0 ? Math.min(leftMs, grant.lifetimeMs) : leftMs;
}

/** Whether the access token may be handed out: it is there and has at least a second left. */
export function accessLives(
  grant: Pick<GrantTimes, 'hasAccessToken' | 'accessExpiresAtMs' | 'lifetimeMs'>,
  nowMs: number,
): boolean {
  return accessLeftMs(grant, nowMs) >= SHORTEST_LIFE_MS;
}

/**
 * Milliseconds until the next attempt is allowed, 0 when it is allowed now.
 *
 * @param tokenUsable false when the stored access token has ended or is not there. Then a wait beyond an hour does not
 * bind: no plan made for an ended token is that long, so the clock was set back or the expiry moved forward since.
 */
export function waitForAttemptMs(grant: GrantTimes, nowMs: number, tokenUsable: boolean): number {
  if (grant.nextAttemptAtMs === null) return 0;
  const aheadMs = grant.nextAttemptAtMs - nowMs;
  if (aheadMs <= 0 || (!tokenUsable && aheadMs > LONGEST_WAIT_MS)) return 0;
  return aheadMs;
}

/**
 * When the user has to connect again in any case (epoch ms): of a grant that nothing can renew, at the end of its
 * access token. Null: no end is known.
 */
export function reauthDueMs(
  grant: Pick<GrantTimes, 'hasRefreshToken' | 'hasAccessToken' | 'refreshExpiresAtMs' | 'accessExpiresAtMs'>,
): number | null {
  if (grant.hasRefreshToken) return grant.refreshExpiresAtMs;
  return grant.hasAccessToken ? grant.accessExpiresAtMs : null;
}
