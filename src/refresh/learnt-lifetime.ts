/**
 * How long access tokens of an account really live, learnt from the API where it refuses them before the end that was
 * told or assumed: an administrator at the provider may have set less than the provider says.
 *
 * Owns the judgement of past attempts. Refuses to believe one report: a single token can end early by itself, and an
 * agent's word alone must not make a pump; so two are wanted, what is learnt has a floor, and it is forgotten again.
 */
import { SHORTEST_CYCLE_MS } from './lifetimes.ts';

/** A lifetime that was learnt from refused tokens. */
export interface LearntLifetime {
  readonly lifetimeMs: number;
  /** When. */
  readonly atMs: number;
}

/** Shorter than this nothing is believed to live: refreshes would be more than one a minute. */
const SHORTEST_LEARNT_MS = 60_000;
/** Two reports further apart have causes of their own. */
const TOGETHER_MS = 24 * 3_600_000;
/** Then it is tried once more whether the administrator has set it back. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Or after so many lives, where that is sooner: the cost of two wrong reports to the provider has an end. */
const KEPT_LIVES = 600;

/** One attempt of the journal. */
export interface PastAttempt {
  readonly trigger: string;
  readonly startedAtMs: number;
  /** Age of the token that was to be replaced; null: unknown or none. */
  readonly tokenAgeMs: number | null;
  readonly outcome: string | null;
}

/**
 * What two renewals of tokens that an API had refused teach: the token that lived longer was not good for longer than
 * the other's age either. Null: nothing.
 *
 * A token younger than half a minute was not refused for its age; a token older than its assumed end is no surprise.
 *
 * @param attempts of the account, newest first; the newest is the one that has just brought a new token
 * @param assumedMs the life that was told or assumed for these tokens; null: for ever
 */
export function learntFrom(
  attempts: readonly PastAttempt[],
  { nowMs, assumedMs }: { nowMs: number; assumedMs: number | null },
): LearntLifetime | null {
  const early = (attempt: PastAttempt): boolean =>
    attempt.trigger === 'rejected' &&
    attempt.outcome === 'refreshed' &&
    attempt.tokenAgeMs !== null &&
    attempt.tokenAgeMs >= SHORTEST_CYCLE_MS &&
    attempt.tokenAgeMs < (assumedMs ?? Infinity) &&
    Math.abs(nowMs - attempt.startedAtMs) < TOGETHER_MS;
  const [newest, ...before] = attempts;
  const second = before.find(early);
  if (newest === undefined || second === undefined || !early(newest)) return null;
  const shorterMs = Math.min(newest.tokenAgeMs ?? Infinity, second.tokenAgeMs ?? Infinity);
  return { lifetimeMs: Math.max(SHORTEST_LEARNT_MS, shorterMs), atMs: nowMs };
}

/**
 * The learnt lifetime while it counts; null: there is none, or it counts no longer. A clock that was set back forgets
 * nothing.
 */
export function stillLearnt(learnt: LearntLifetime | null, nowMs: number): LearntLifetime | null {
  if (learnt === null) return null;
  return nowMs - learnt.atMs < Math.min(KEPT_MS, KEPT_LIVES * learnt.lifetimeMs) ? learnt : null;
}

/** The life of a token that was told to live `lifetimeMs` (null: for ever): what was learnt shortens it. */
export function shortenedMs(
  lifetimeMs: number | null,
  learnt: LearntLifetime | null,
  nowMs: number,
): number | null {
  const known = stillLearnt(learnt, nowMs);
  if (known === null) return lifetimeMs;
  return lifetimeMs === null ? known.lifetimeMs : Math.min(lifetimeMs, known.lifetimeMs);
}
