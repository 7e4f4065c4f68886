/**
 * What happens after an attempt that left doubt: it is unknown whether the provider has already replaced the refresh
 * token (refresh.md, "Journal, exchange elsewhere, settle", rule 5).
 *
 * Owns the difference between trying again and holding still. A rotating refresh token that is presented a second time
 * may cost the whole family at a strict provider, so there the living access token is used up first. A provider whose
 * rotation is unknown counts as strict. Refuses to know the time or to draw: both are arguments. An expiry that is
 * moved forward under a hold (`/expire`) wants a new `planAfterDoubt`.
 */
import { backoffMs, clampRetryAfterMs } from '../backoff.ts';
import { accessLives } from '../lifetimes.ts';

/** The provider's facts that decide. `graceMs` is a verified grace after a rotation; null: none, or not verified. */
export type Rotation = { rotating: boolean; graceMs: number | null };

/**
 * - `none`: no doubt, nothing to plan. Never the answer of `planAfterDoubt`; it is the word for a generation without
 *   doubt.
 * - `retry`: presenting the refresh token again loses nothing.
 * - `hold`: it may lose the grant; `nextAttemptAtMs` is the deliberate attempt.
 */
export type DoubtPlan =
  { kind: 'none' } | { kind: 'retry'; nextAttemptAtMs: number } | { kind: 'hold'; nextAttemptAtMs: number };

/** A shorter grace is over before a second attempt has had its time. */
const SHORTEST_GRACE_MS = 60_000;
/** What an exchange may take: the old token must still be good when it arrives. */
const EXCHANGE_MS = 10_000;
/** With so little left the deliberate attempt is due: its answer must come while the old access token still serves. */
const DELIBERATE_LEFT_MS = 5 * 60_000;
/** An access token that never ends gives no moment for the deliberate attempt; a day leaves an operator time to act. */
const DELIBERATE_NEVER_EXPIRING_MS = 24 * 60 * 60_000;
/** Inside a grace the first retry comes at once: most doubts are a blip, and the grace is running. */
const QUICK_MS = 1_000;
const SHORTEST_MS = 250;
/** An alarm fires a little after its time, and a last attempt that is too late is none. */
const ALARM_LATE_MS = 1_000;

interface DoubtTimes {
  nowMs: number;
  rotation: Rotation;
  doubtSinceMs: number;
}

/** The last instant at which the old refresh token may be sent under the grace; null: no grace that counts. */
function lastInsideGraceMs({ nowMs, rotation, doubtSinceMs }: DoubtTimes): number | null {
  if (rotation.graceMs === null || !(rotation.graceMs >= SHORTEST_GRACE_MS)) return null;
  // The doubt began in the future: the clock was set back, and how much of the grace is gone is not known.
  if (doubtSinceMs > nowMs) return null;
  const lastMs = doubtSinceMs + rotation.graceMs - EXCHANGE_MS - 1;
  return nowMs <= lastMs ? lastMs : null;
}

/** A generation's doubt and what bears on it. `graceMs` of the rotation in milliseconds, as all times. */
interface DoubtSeen {
  nowMs: number;
  rotation: Rotation;
  doubtSinceMs: number | null;
}

/** Whether the grace of a rotating generation in doubt is running; null: it does not rotate, or is not in doubt. */
function isInsideGrace({ nowMs, rotation, doubtSinceMs }: DoubtSeen): boolean | null {
  if (!rotation.rotating || doubtSinceMs === null) return null;
  return lastInsideGraceMs({ nowMs, rotation, doubtSinceMs }) !== null;
}

/**
 * Whether the account is in the doubt that people must see: a rotating generation is in doubt and no verified grace
 * covers it any more. Then it shows `in_doubt_since` and sends `degraded` with cause `refresh_in_doubt`.
 */
export function inDoubtShown(input: DoubtSeen): boolean {
  return isInsideGrace(input) === false;
}

/**
 * Whether a rotating generation is in doubt and its grace is running: until it is over the refresh token may be presented
 * again, and then it may be lost. Such an account waits for its own backoff alone, not for its connection's turn.
 */
export function racesGrace(input: DoubtSeen): boolean {
  return isInsideGrace(input) === true;
}

/**
 * Whether the refresh token of a generation in doubt must not be presented now. To be asked right before anything is
 * sent for it, by any trigger: a timer may come late, after the grace for which it was set.
 */
export function isHeld(input: {
  nowMs: number;
  rotation: Rotation;
  doubtSinceMs: number | null;
  accessExpiresAtMs: number | null;
  hasAccessToken: boolean;
}): boolean {
  if (!inDoubtShown(input) || input.doubtSinceMs === null || !input.hasAccessToken) return false;
  if (input.accessExpiresAtMs === null)
    return input.nowMs - input.doubtSinceMs < DELIBERATE_NEVER_EXPIRING_MS;
  return input.accessExpiresAtMs - input.nowMs > DELIBERATE_LEFT_MS;
}

/**
 * Plans the next attempt of a grant whose generation is in doubt.
 *
 * @param input.doubtSinceMs start of the first attempt that left this generation in doubt
 * @param input.failures failures in a row, the one just settled included
 * @returns `nextAttemptAtMs` is a whole number later than `nowMs`, never before a `Retry-After` (clamped to 1 h); a
 * `retry` of a rotating token always lies inside the grace
 */
export function planAfterDoubt(input: {
  nowMs: number;
  rotation: Rotation;
  doubtSinceMs: number;
  accessExpiresAtMs: number | null;
  hasAccessToken: boolean;
  failures: number;
  retryAfterMs: number | null;
  random: () => number;
}): DoubtPlan {
  const { nowMs, failures, retryAfterMs, random } = input;
  const accessTokenLives = accessLives({ ...input, lifetimeMs: null }, nowMs);
  const byBackoffMs = () => nowMs + backoffMs({ failures, accessTokenLives, retryAfterMs, random });

  if (!input.rotation.rotating) return { kind: 'retry', nextAttemptAtMs: byBackoffMs() };

  const lastMs = lastInsideGraceMs(input);
  const soonestMs = nowMs + Math.max(SHORTEST_MS, Math.ceil(clampRetryAfterMs(retryAfterMs) ?? 0));
  if (lastMs !== null && soonestMs <= lastMs) {
    const drawnMs =
      failures <= 1 ? nowMs + Math.floor(random() * QUICK_MS) : quicklyAgainMs(input, accessTokenLives);
    // A draw beyond the grace is moved to its last moment, less what an alarm is late: after it nothing may be presented.
    const latestMs = Math.max(soonestMs, lastMs - ALARM_LATE_MS);
    return { kind: 'retry', nextAttemptAtMs: Math.min(latestMs, Math.max(soonestMs, drawnMs)) };
  }

  return { kind: 'hold', nextAttemptAtMs: Math.max(byBackoffMs(), deliberateAtMs(input)) };
}

/** The backoff after the quick retry starts at its base, as if the quick one had not been. */
function quicklyAgainMs(
  input: { nowMs: number; failures: number; random: () => number },
  accessTokenLives: boolean,
): number {
  const { nowMs, failures, random } = input;
  return nowMs + backoffMs({ failures: failures - 1, accessTokenLives, retryAfterMs: null, random });
}

function deliberateAtMs(input: {
  nowMs: number;
  accessExpiresAtMs: number | null;
  hasAccessToken: boolean;
}): number {
  if (!input.hasAccessToken) return input.nowMs;
  if (input.accessExpiresAtMs === null) return input.nowMs + DELIBERATE_NEVER_EXPIRING_MS;
  return input.accessExpiresAtMs - DELIBERATE_LEFT_MS;
}
