import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_REVOCATION_TRIES, revocationGapMs } from '#refresh/revocation.ts';

it('all tries of a revocation lie within a day, each later than the one before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 7, maxLength: 7 }),
      (draws) => {
        const gaps = draws.map((draw, index) => revocationGapMs(index + 1, () => draw));
        expect(gaps.length).toBe(MAX_REVOCATION_TRIES - 1);
        for (const [index, gapMs] of gaps.entries())
          if (index > 0) expect(gapMs).toBeGreaterThan(gaps[index - 1] ?? 0);
        expect(gaps.reduce((sum, gapMs) => sum + gapMs, 0)).toBeLessThanOrEqual(86_400_000);
      },
    ),
  );
});

it('a provider that names a longer wait gets it, up to an hour', () => {
  expect(revocationGapMs(1, () => 0.5, 90_000)).toBe(90_000);
  expect(revocationGapMs(1, () => 0.5, 90_000_000)).toBe(3_600_000);
  expect(revocationGapMs(1, () => 0.5, -5)).toBe(5_000);
});
