/**
 * How long to leave a provider alone after a refresh that failed.
 *
 * Owns the numbers of the backoff and what a `Retry-After` does to them. Refuses to draw or to wait: `random` is an
 * argument (uniform in [0, 1)), the answer a duration.
 */

import { doubledMs } from '#lib/backoff.ts';

/** Twice the usual time that a provider's blip lasts for one caller; doubles from there. */
const BASE_MS = 2_000;
/** While the access token lives no caller suffers, but the successor should be there before it ends. */
const CAP_LIVING_MS = 5 * 60_000;
/** After it ended, on-demand requests are held by the same wait, so it stays bearable for them. */
const CAP_ENDED_MS = 15 * 60_000;
/** A provider that names a longer time is asked again after an hour all the same: header values may be nonsense. */
const RETRY_AFTER_CAP_MS = 60 * 60_000;
/** Full jitter may draw next to nothing; below this a retry only repeats the failure. */
const SHORTEST_MS = 250;

/** A provider's `Retry-After` as it counts: never negative, at most an hour; null when absent or not a number. */
export function clampRetryAfterMs(retryAfterMs: number | null): number | null {
  if (retryAfterMs === null || Number.isNaN(retryAfterMs)) return null;
  return Math.min(Math.max(0, retryAfterMs), RETRY_AFTER_CAP_MS);
}

/**
 * Full jitter: uniform in [0, min(cap, 2 s · 2^(failures − 1))], never below 250 ms. A longer `Retry-After` wins.
 *
 * @param input.failures failures in a row, this one included; less than 1 counts as 1
 * @returns whole milliseconds, 250 to 3,600,000
 */
export function backoffMs(input: {
  failures: number;
  accessTokenLives: boolean;
  retryAfterMs: number | null;
  random: () => number;
}): number {
  const capMs = input.accessTokenLives ? CAP_LIVING_MS : CAP_ENDED_MS;
  const ceilingMs = doubledMs(input.failures, BASE_MS, capMs);
  const drawnMs = Math.max(SHORTEST_MS, Math.floor(input.random() * ceilingMs));
  return Math.max(drawnMs, Math.ceil(clampRetryAfterMs(input.retryAfterMs) ?? 0));
}
