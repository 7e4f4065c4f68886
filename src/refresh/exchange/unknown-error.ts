/**
 * When an error that no table knows ends a grant after all.
 *
 * Owns the count: only the same code for 24 h, over at least ten attempts, after the access token has ended, is death
 * with reason `unknown`. Refuses to be quick: a wrong death costs a person a new consent, a late death costs time only,
 * so any other outcome of an attempt starts the count anew.
 */
import { accessLives } from '../lifetimes.ts';

/** The code that attempts in a row have brought, since when, and how many. Stored with the grant. */
export interface UnknownErrorTrack {
  code: string;
  sinceMs: number;
  count: number;
}

const DEAD_AFTER_MS = 24 * 60 * 60_000;
const DEAD_AFTER_ATTEMPTS = 10;

/**
 * Follows one settled attempt.
 *
 * @param code the provider's code, which no table knows; null for every other outcome, which starts anew
 * @returns the track to store, null when there is nothing to follow
 */
export function trackUnknownError(
  prev: UnknownErrorTrack | null,
  code: string | null,
  nowMs: number,
): UnknownErrorTrack | null {
  if (code === null) return null;
  // A beginning in the future is a clock set back: nothing can be said about the time in between.
  if (prev === null || prev.code !== code || prev.sinceMs > nowMs) return { code, sinceMs: nowMs, count: 1 };
  return { ...prev, count: prev.count + 1 };
}

/** Whether the track amounts to the grant's death (reason `unknown`). Never while the access token lives. */
export function isDeadByUnknownError(
  track: UnknownErrorTrack | null,
  input: { nowMs: number; accessExpiresAtMs: number | null; hasAccessToken: boolean },
): boolean {
  if (track === null || accessLives({ ...input, lifetimeMs: null }, input.nowMs)) return false;
  return input.nowMs - track.sinceMs >= DEAD_AFTER_MS && track.count >= DEAD_AFTER_ATTEMPTS;
}
