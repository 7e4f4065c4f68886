import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs, clampRetryAfterMs } from '#refresh/backoff.ts';
import { anyDraw, HOUR, MINUTE, SECOND } from './given.ts';

const almostOne = () => 1 - Number.EPSILON;
const wait = (
  failures: number,
  accessTokenLives: boolean,
  random = almostOne,
  retryAfterMs: number | null = null,
) => backoffMs({ failures, accessTokenLives, retryAfterMs, random });

it('doubles its ceiling from two seconds', () => {
  expect([1, 2, 3, 4].map((failures) => wait(failures, true))).toEqual([1_999, 3_999, 7_999, 15_999]);
});

it('stays below five minutes while the access token lives, below fifteen after', () => {
  expect(wait(1_000_000, true)).toBe(5 * MINUTE - 1);
  expect(wait(1_000_000, false)).toBe(15 * MINUTE - 1);
});

it('draws anything below the ceiling, but never less than 250 ms', () => {
  expect(wait(5, true, () => 0)).toBe(250);
  expect(wait(5, true, () => 0.5)).toBe(16 * SECOND);
});

it('gives way to a longer Retry-After, up to an hour', () => {
  expect(wait(1, true, almostOne, 90 * SECOND)).toBe(90 * SECOND);
  expect(wait(1, true, almostOne, 5 * HOUR)).toBe(HOUR);
  expect(wait(1, true, almostOne, Infinity)).toBe(HOUR);
});

it('ignores a Retry-After that is shorter, negative or not a number', () => {
  for (const retryAfterMs of [0, 100, -5_000, NaN])
    expect(wait(4, true, () => 0.5, retryAfterMs)).toBe(8 * SECOND);
  expect(clampRetryAfterMs(NaN)).toBeNull();
});

it('is whole milliseconds between 250 ms and an hour, and never before the clamped Retry-After', () => {
  const anyRetryAfter = fc.option(fc.oneof(fc.integer({ min: -HOUR, max: 3 * HOUR }), fc.double()));
  fc.assert(
    fc.property(
      fc.integer({ min: -3, max: 5_000 }),
      fc.boolean(),
      anyRetryAfter,
      anyDraw,
      (failures, lives, after, draw) => {
        const waitMs = wait(failures, lives, () => draw, after);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(Math.max(250, clampRetryAfterMs(after) ?? 0));
        const ceilingMs = Math.min((lives ? 5 : 15) * MINUTE, 2_000 * 2 ** Math.max(0, failures - 1));
        expect(waitMs).toBeLessThanOrEqual(Math.max(ceilingMs, Math.ceil(clampRetryAfterMs(after) ?? 0)));
      },
    ),
    { numRuns: 2_000 },
  );
});
