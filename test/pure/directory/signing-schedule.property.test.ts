import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNextDue, publishedKeys, signingKey, type Scheduled } from '#directory/callers/signing-schedule.ts';

/** What is looked at: a step of the clock. */
const STEP_MS = 6 * 3_600_000;
const STEPS = 365 * 4;
const DAY_MS = 4 * STEP_MS;
/** The longest life of a token, with the difference of clocks that is allowed for. */
const TOKEN_MS = 16 * 60_000;

interface Life {
  /** Of each step: what stood there. */
  readonly steps: readonly { readonly atMs: number; readonly keys: readonly Scheduled[] }[];
}

/** The cron run of each step, which may be late or not come at all, over a year. */
function play(comes: (step: number) => boolean): Life {
  let keys: Scheduled[] = [{ number: 1, activeAtMs: 0 }];
  const steps = [];
  for (let step = 0; step < STEPS; step += 1) {
    const atMs = step * STEP_MS;
    if (comes(step)) {
      const newest = keys.at(-1)!;
      if (isNextDue(keys, atMs)) keys = [...keys, { number: newest.number + 1, activeAtMs: atMs + DAY_MS }];
      keys = publishedKeys(keys, atMs);
    }
    steps.push({ atMs, keys });
  }
  return { steps };
}

describe('signing keys over a year', () => {
  it('are published a day before they sign, and as long as a token of theirs may live', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 9 }), (every, offset) => {
        const { steps } = play((step) => step % every === offset % every);
        const firstPublished = new Map<number, number>();
        const lastSigned = new Map<number, number>();
        for (const { atMs, keys } of steps) {
          const published = publishedKeys(keys, atMs);
          for (const { number } of published)
            if (!firstPublished.has(number)) firstPublished.set(number, atMs);
          const signs = signingKey(keys, atMs);
          if (signs === null || !published.includes(signs)) throw new Error(`nothing signs at ${atMs}`);
          const { number } = signs;
          if (!lastSigned.has(number) && number > 1 && atMs - firstPublished.get(number)! < DAY_MS)
            throw new Error(`key ${number} signs before verifiers have heard of it`);
          lastSigned.set(number, atMs);
          for (const [before, signedAtMs] of lastSigned)
            if (atMs - signedAtMs < TOKEN_MS + STEP_MS && !published.some((key) => key.number === before))
              throw new Error(`tokens of key ${before} are not verified at ${atMs}`);
        }
        // A year has four quarters of ninety days; a run that comes late makes them longer.
        expect(lastSigned.size).toBeGreaterThanOrEqual(4);
        expect(Math.max(...steps.map(({ keys }) => keys.length))).toBeLessThanOrEqual(3);
      }),
      { numRuns: 20 },
    );
  });

  it('sign also by a clock that is behind the one that made them', () => {
    const [first, next] = [
      { number: 1, activeAtMs: 10_000 },
      { number: 2, activeAtMs: 10_000 + DAY_MS },
    ];
    for (const keys of [[first], [next, first]]) {
      expect(signingKey(keys, 9_999)).toBe(first);
      expect(publishedKeys(keys, 9_999)).toContain(first);
    }
    expect(signingKey([], 9_999)).toBeNull();
  });

  it('never go on without end where nothing replaces them by hand', () => {
    const keys = [{ number: 1, activeAtMs: 0 }];
    expect(isNextDue(keys, 89 * DAY_MS - 1)).toBe(false);
    expect(isNextDue(keys, 89 * DAY_MS)).toBe(true);
    expect(isNextDue([], 1)).toBe(false);
  });
});
