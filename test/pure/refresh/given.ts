/** What the tests of this room start from: a grant in good order, and random numbers that repeat. */
import fc from 'fast-check';
import type { GrantTimes } from '#refresh/lifetimes.ts';

/** 2026-11-21T10:00:00Z. */
export const NOW = 1_795_255_200_000;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** An hour-long token, asked for twenty minutes ago, with a refresh token and no trouble. */
export function grant(overrides: Partial<GrantTimes> = {}): GrantTimes {
  return {
    hasAccessToken: true,
    hasRefreshToken: true,
    accessExpiresAtMs: NOW + 40 * MINUTE,
    tokenAtMs: NOW - 20 * MINUTE,
    lifetimeMs: HOUR,
    cycle: 3,
    refreshExpiresAtMs: null,
    refreshIdleExpiresAtMs: null,
    nextAttemptAtMs: null,
    lastAttemptStartedAtMs: NOW - 20 * MINUTE,
    doubtSinceMs: null,
    ...overrides,
  };
}

/** mulberry32: uniform in [0, 1), the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const near = (spreadMs: number) => fc.integer({ min: NOW - spreadMs, max: NOW + spreadMs });

/** Any row, also one that only a clock set back or a hand could have left. */
export const anyGrant: fc.Arbitrary<GrantTimes> = fc.record({
  hasAccessToken: fc.boolean(),
  hasRefreshToken: fc.boolean(),
  accessExpiresAtMs: fc.option(fc.oneof(near(2 * MINUTE), near(DAY), near(90 * DAY))),
  tokenAtMs: fc.option(fc.oneof(near(MINUTE), near(DAY), near(90 * DAY))),
  lifetimeMs: fc.option(
    fc.oneof(fc.integer({ min: 0, max: 10 * MINUTE }), fc.integer({ min: 0, max: 90 * DAY })),
  ),
  cycle: fc.nat(20),
  refreshExpiresAtMs: fc.option(near(90 * DAY)),
  refreshIdleExpiresAtMs: fc.option(near(90 * DAY)),
  nextAttemptAtMs: fc.option(fc.oneof(near(5 * MINUTE), near(3 * DAY))),
  lastAttemptStartedAtMs: fc.option(fc.oneof(near(MINUTE), near(DAY))),
  doubtSinceMs: fc.option(near(DAY)),
});

/** What `random` may answer. */
export const anyDraw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
