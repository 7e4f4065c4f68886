import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rule } from '#contract/agents/policy.ts';
import { rateKeyOf, SlidingWindow } from '#policy/fields/rate.ts';

const PERIOD = 1_000;
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(400), fc.constantFrom(0, 1, PERIOD - 1, PERIOD)),
    refused: fc.boolean(),
  }),
  { maxLength: 80 },
);

describe('a rate', () => {
  it('takes a request exactly when no window of a period would hold more than the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), steps, (limit, requests) => {
        const window = new SlidingWindow();
        const taken: number[] = [];
        let nowMs = 1_000_000;
        for (const { afterMs, refused } of requests) {
          nowMs += afterMs;
          const inside = taken.filter((atMs) => atMs > nowMs - PERIOD).length;
          const outcome = window.take({ limit, periodMs: PERIOD }, nowMs);
          expect(outcome.taken).toBe(inside < limit);
          if (!outcome.taken) continue;
          expect(outcome.left).toBe(limit - inside - 1);
          if (refused) window.giveBack(outcome.atMs);
          else taken.push(nowMs);
        }
        for (const end of taken)
          expect(taken.filter((atMs) => atMs > end - PERIOD && atMs <= end).length).toBeLessThanOrEqual(
            limit,
          );
        expect(window.times.length).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 1000 },
    );
  });

  it('says to the millisecond when the next request is taken', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), steps, (limit, requests) => {
        const window = new SlidingWindow();
        let nowMs = 1_000_000;
        for (const { afterMs } of requests) {
          nowMs += afterMs;
          const outcome = window.take({ limit, periodMs: PERIOD }, nowMs);
          if (outcome.taken) continue;
          const early = new SlidingWindow(window.times);
          expect(early.take({ limit, periodMs: PERIOD }, nowMs + outcome.retryAfterMs - 1).taken).toBe(false);
          const due = new SlidingWindow(window.times);
          expect(due.take({ limit, periodMs: PERIOD }, nowMs + outcome.retryAfterMs).taken).toBe(true);
        }
      }),
    );
  });

  it('lets nobody have more by a clock that is set back, and shuts nobody out for longer than a period', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        steps,
        fc.integer({ min: 1, max: 1e9 }),
        (limit, requests, backMs) => {
          const window = new SlidingWindow();
          let nowMs = 2e9;
          for (const { afterMs } of requests) {
            nowMs += afterMs;
            window.take({ limit, periodMs: PERIOD }, nowMs);
          }
          const before = window.waitMs({ limit, periodMs: PERIOD }, nowMs);
          const after = window.waitMs({ limit, periodMs: PERIOD }, nowMs - backMs);
          expect(after).toBeGreaterThanOrEqual(before);
          expect(after).toBeLessThanOrEqual(PERIOD);
        },
      ),
    );
  });

  it('that is made smaller counts what was taken before', () => {
    const window = new SlidingWindow([10, 20, 30]);
    expect(window.take({ limit: 2, periodMs: PERIOD }, 40)).toEqual({
      taken: false,
      retryAfterMs: 20 + PERIOD - 40,
    });
    expect(window.take({ limit: 4, periodMs: PERIOD }, 40)).toMatchObject({ taken: true, left: 0 });
  });
});

describe('the count of a rule', () => {
  const rate = { limit: 1, per: 'hour' } as const;
  const rule: Rule = { connection: 'a', rate };

  it('stays when other rules come and its limit changes, and is no other rule’s', () => {
    const key = rateKeyOf([rule], 0);
    expect(
      rateKeyOf(
        [
          { connection: 'b', rate },
          { ...rule, rate: { limit: 9, per: 'day' } },
        ],
        1,
      ),
    ).toBe(key);
    expect(rateKeyOf([{ ...rule, actions: ['proxy'] }], 0)).not.toBe(key);
    expect(rateKeyOf([rule, rule], 1)).not.toBe(key);
    expect(rateKeyOf([{ connection: 'a' }, rule], 1)).toBe(key);
  });
});
