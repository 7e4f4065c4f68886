/** What an API that refuses tokens early teaches about their life, and when that is no lesson. */

import { describe, expect, it } from 'vitest';
import { learntFrom, shortenedMs, stillLearnt, type PastAttempt } from '#refresh/learnt-lifetime.ts';
import { DAY, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const refused = (agoMs: number, tokenAgeMs: number | null, more: Partial<PastAttempt> = {}): PastAttempt => ({
  trigger: 'rejected',
  startedAtMs: NOW - agoMs,
  tokenAgeMs,
  outcome: 'refreshed',
  ...more,
});
const learn = (attempts: PastAttempt[], assumedMs: number | null = 2 * HOUR) =>
  learntFrom(attempts, { nowMs: NOW, assumedMs })?.lifetimeMs ?? null;

describe('the life of access tokens', () => {
  it('is the shorter age of two that were refused before their end', () => {
    expect(learn([refused(0, 17 * MINUTE), refused(HOUR, 16 * MINUTE)])).toBe(16 * MINUTE);
    expect(learn([refused(0, 16 * MINUTE), refused(HOUR, 17 * MINUTE)])).toBe(16 * MINUTE);
    expect(learn([refused(0, 16 * MINUTE), refused(HOUR, 17 * MINUTE)], null)).toBe(16 * MINUTE);
  });
  it('is a minute at least', () => {
    expect(learn([refused(0, 31 * SECOND), refused(HOUR, 40 * SECOND)])).toBe(MINUTE);
  });
  it.each([
    ['one report', [refused(0, 16 * MINUTE)]],
    ['a token that was too young to be old', [refused(0, 16 * MINUTE), refused(HOUR, 29 * SECOND)]],
    ['a token at its end', [refused(0, 16 * MINUTE), refused(HOUR, 3 * HOUR)]],
    [
      'a renewal that nobody had a reason for',
      [refused(0, 16 * MINUTE), refused(HOUR, 16 * MINUTE, { trigger: 'forced' })],
    ],
    [
      'a renewal that failed',
      [refused(0, 16 * MINUTE), refused(HOUR, 16 * MINUTE, { outcome: 'transient' })],
    ],
    ['two a day apart', [refused(0, 16 * MINUTE), refused(DAY, 16 * MINUTE)]],
    [
      'a renewal of another cause now',
      [refused(0, 16 * MINUTE, { trigger: 'on_demand' }), refused(HOUR, MINUTE), refused(HOUR, MINUTE)],
    ],
    ['a token of unknown age', [refused(0, null), refused(HOUR, 16 * MINUTE)]],
    ['nothing', []],
  ])('is not learnt from %s', (_what, attempts) => {
    expect(learn(attempts)).toBeNull();
  });
  it('costs at most six hundred refreshes, then the word of the provider counts again', () => {
    const learnt = { lifetimeMs: MINUTE, atMs: NOW };
    expect(shortenedMs(2 * HOUR, learnt, NOW + 600 * MINUTE - 1)).toBe(MINUTE);
    expect(shortenedMs(2 * HOUR, learnt, NOW + 600 * MINUTE)).toBe(2 * HOUR);
    for (const lifetimeMs of [MINUTE, 5 * MINUTE, 16 * MINUTE, HOUR, 8 * HOUR]) {
      const keptMs = Array.from({ length: 8 * 24 * 60 }, (_, minute) => minute * MINUTE).findLast(
        (ms) => stillLearnt({ lifetimeMs, atMs: NOW }, NOW + ms) !== null,
      );
      expect((keptMs ?? Infinity) / lifetimeMs).toBeLessThanOrEqual(600);
    }
  });
  it('that was learnt only shortens, and for a week', () => {
    const learnt = { lifetimeMs: 17 * MINUTE, atMs: NOW };
    expect(shortenedMs(2 * HOUR, learnt, NOW)).toBe(17 * MINUTE);
    expect(shortenedMs(5 * MINUTE, learnt, NOW)).toBe(5 * MINUTE);
    expect(shortenedMs(null, learnt, NOW)).toBe(17 * MINUTE);
    expect(shortenedMs(2 * HOUR, learnt, NOW + 7 * DAY)).toBe(2 * HOUR);
    expect(shortenedMs(2 * HOUR, null, NOW)).toBe(2 * HOUR);
    expect(stillLearnt(learnt, NOW - HOUR)).toBe(learnt);
  });
});
