import fc from 'fast-check';
import { expect, it } from 'vitest';
import { attemptPhase } from '#refresh/exchange/attempt.ts';
import { DAY, NOW } from './given.ts';

const phase = (ageMs: number, budgetMs = 15_000) =>
  attemptPhase({ nowMs: NOW, startedAtMs: NOW - ageMs, budgetMs });

it('lets an attempt settle until its budget is used up', () => {
  expect(phase(0)).toEqual({ kind: 'may_settle', leftMs: 15_000 });
  expect(phase(14_999)).toEqual({ kind: 'may_settle', leftMs: 1 });
  expect(phase(15_000)).toEqual({ kind: 'lost' });
});

it('takes the budget it is given', () => {
  expect(phase(1_000, 1_500)).toEqual({ kind: 'may_settle', leftMs: 500 });
  expect(phase(1_500, 1_500)).toEqual({ kind: 'lost' });
});

it('waits no longer than the budget for an attempt of a slightly later clock', () => {
  expect(phase(-10_000)).toEqual({ kind: 'may_settle', leftMs: 15_000 });
});

it('gives up an attempt that a clock set back has moved into the future', () => {
  expect(phase(-3_600_000)).toEqual({ kind: 'lost' });
});

it('never makes anyone wait longer than the budget', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -DAY, max: DAY }),
      fc.integer({ min: 1, max: 60_000 }),
      (ageMs, budgetMs) => {
        const answer = phase(ageMs, budgetMs);
        if (answer.kind === 'lost') expect(ageMs < -budgetMs || ageMs >= budgetMs).toBe(true);
        else {
          expect(answer.leftMs).toBeGreaterThan(0);
          expect(answer.leftMs).toBeLessThanOrEqual(budgetMs);
        }
      },
    ),
  );
});
