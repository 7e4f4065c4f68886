import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIVE_UP_AFTER_MS, judgeAnswer, nextAttempt, RETRY_AFTER_MS } from '#webhooks/retry.ts';
import { anyDraw, drawsOf, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const TABLE = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR)];
const waitMs = (attempts: number, draw: number) => {
  const next = nextAttempt({ attempts, nowMs: NOW, random: () => draw });
  return next.kind === 'retry' ? next.atMs - NOW : null;
};

describe('a refused delivery', () => {
  it('is tried nine times more, at the times of the table, and has failed then', () => {
    expect(TABLE.map((_, index) => waitMs(index + 1, 0))).toEqual(TABLE);
    for (const attempts of [10, 11, 1_000]) expect(waitMs(attempts, 0)).toBeNull();
  });

  it('is never tried sooner than the table says, nor more than a fifth later', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), anyDraw, (attempts, draw) => {
        const atMs = waitMs(attempts, draw) ?? 0;
        const least = TABLE[attempts - 1] ?? 0;
        expect(Number.isInteger(atMs)).toBe(true);
        expect(atMs).toBeGreaterThanOrEqual(least);
        expect(atMs).toBeLessThanOrEqual(least * 1.2);
      }),
    );
  });

  it('comes back apart from those that were refused with it', () => {
    const random = drawsOf(1);
    const times = Array.from({ length: 200 }, () => waitMs(2, random()) ?? 0);
    const perSecond = new Map<number, number>();
    for (const atMs of times) {
      const second = Math.floor(atMs / SECOND);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(50 * SECOND);
    expect(Math.max(...perSecond.values())).toBeLessThan(20);
  });

  it('takes a count below one for the first attempt', () => {
    expect(waitMs(0, 0)).toBe(5 * SECOND);
    expect(waitMs(-3, 0)).toBe(5 * SECOND);
  });

  it('is never given up as held for too long while the table could still try it', () => {
    const latest = TABLE.reduce((sum, _, index) => sum + (waitMs(index + 1, 1 - Number.EPSILON) ?? 0), 0);
    expect(GIVE_UP_AFTER_MS).toBeGreaterThanOrEqual(latest);
    expect(RETRY_AFTER_MS).toEqual(TABLE);
  });
});

describe('an answer', () => {
  it('of 200 to 299 has delivered, 410 has ended it, and every other is refused', () => {
    for (let status = 100; status <= 599; status += 1) {
      const expected = status >= 200 && status < 300 ? 'delivered' : status === 410 ? 'gone' : 'refused';
      expect(judgeAnswer({ kind: 'response', status }), String(status)).toBe(expected);
    }
  });

  it('that never came is refused', () => {
    for (const reason of ['timeout', 'network', 'blocked_target'])
      expect(judgeAnswer({ kind: 'failure', reason })).toBe('refused');
  });
});
