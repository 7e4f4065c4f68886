/**
 * When a signing key signs, is published and ends: decided by the row alone and the one after it. Pure.
 *
 * A key is published a day before it signs, so that no verifier meets a key that it has not heard of, and a day after the
 * next one has taken over, which is longer than any token lives.
 */

const DAY_MS = 24 * 3_600_000;
/** How long a key signs. */
const SIGNS_MS = 90 * DAY_MS;
/** How long a key is published before it signs, and after. */
export const PUBLISHED_APART_MS = DAY_MS;

export interface Scheduled {
  /** Rises by one from key to key, also over gaps of deleted ones. */
  readonly number: number;
  /** From then on it signs, until the next one does. */
  readonly activeAtMs: number;
}

const byNumber = <K extends Scheduled>(keys: readonly K[]): K[] =>
  keys.toSorted((one, other) => one.number - other.number);

/** Those that are published now: they sign, will sign, or have signed within a day. Oldest first. */
export function publishedKeys<K extends Scheduled>(keys: readonly K[], nowMs: number): K[] {
  const ordered = byNumber(keys);
  return ordered.filter((_, index) => {
    const next = ordered[index + 1];
    return next === undefined || nowMs < next.activeAtMs + PUBLISHED_APART_MS;
  });
}

/** The one that signs now, by a clock that is behind the first of all too; null: there is none. */
export function signingKey<K extends Scheduled>(keys: readonly K[], nowMs: number): K | null {
  const ordered = byNumber(keys);
  return ordered.findLast(({ activeAtMs }) => activeAtMs <= nowMs) ?? ordered[0] ?? null;
}

/** Whether the next key has to be made, so that it is published a day before the present one has signed for its time. */
export function isNextDue(keys: readonly Scheduled[], nowMs: number): boolean {
  const newest = byNumber(keys).at(-1);
  return newest !== undefined && newest.activeAtMs + SIGNS_MS - PUBLISHED_APART_MS <= nowMs;
}
