/**
 * The herd: many accounts connected within one minute must not come back together.
 *
 * Every refresh is counted in buckets of max(60 s, lifetime ÷ 60) that begin with the minute of connecting. The mean of
 * a lifetime is the refreshes of that lifetime divided by its buckets, the empty ones included; its peak is its fullest
 * bucket. Connecting itself is not counted. Every account succeeds at once, so this is the schedule alone.
 */
import { describe, expect, it } from 'vitest';
import { planRefresh, stillDue } from '#refresh/schedule.ts';
import { DAY, grant, HOUR, MINUTE, NOW, seededRandom } from './given.ts';

const LIFETIMES_PLAYED = 8;

function simulate(
  accounts: number,
  lifetimeMs: number,
  seed: number,
): { peakToMean: number[]; perLifetime: number[] } {
  const random = seededRandom(seed);
  const bucketMs = Math.max(MINUTE, lifetimeMs / 60);
  const perLifetime = Math.ceil(lifetimeMs / bucketMs);
  const buckets = new Array<number>(perLifetime * LIFETIMES_PLAYED).fill(0);
  for (let account = 0; account < accounts; account++) {
    let nowMs = NOW + Math.floor(random() * MINUTE);
    for (let cycle = 0; ; cycle++) {
      const row = grant({
        tokenAtMs: nowMs,
        lastAttemptStartedAtMs: nowMs,
        lifetimeMs,
        accessExpiresAtMs: nowMs + lifetimeMs,
        cycle,
      });
      const facts = { nowMs, grant: row, lastUsedAtMs: nowMs, createdAtMs: NOW, defaultLifetimeMs: HOUR };
      const planned = planRefresh({ ...facts, mode: { kind: 'idle_after', idleMs: 7 * DAY }, random });
      nowMs = planned?.dueAtMs ?? Infinity;
      const bucket = Math.floor((nowMs - NOW) / bucketMs);
      if (bucket >= buckets.length) break;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
  }
  const lifetimes = Array.from({ length: LIFETIMES_PLAYED }, (_, index) =>
    buckets.slice(index * perLifetime, (index + 1) * perLifetime),
  );
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    peakToMean: lifetimes.map((counts) => Math.max(...counts) / (sum(counts) / counts.length)),
    perLifetime: lifetimes.map(sum),
  };
}

describe.each([
  ['5-minute', 10_000, 5 * MINUTE],
  ['30-minute', 10_000, 30 * MINUTE],
  ['1-hour', 10_000, HOUR],
  ['8-hour', 100_000, 8 * HOUR],
])('accounts with %s tokens, %d connected within one minute', (_, accounts, lifetimeMs) => {
  it.each([1, 2, 3])(
    'come back spread: at most twice the mean at first, 1.5 times from the third lifetime on (seed %d)',
    (seed) => {
      const { peakToMean, perLifetime } = simulate(accounts, lifetimeMs, seed);
      expect(peakToMean[0]).toBeLessThanOrEqual(2.0);
      for (const ratio of peakToMean.slice(2)) expect(ratio).toBeLessThanOrEqual(1.5);
      // The figures mean something only while every account goes on refreshing; a few of the first come after one lifetime.
      expect(perLifetime[0]).toBeGreaterThan(0.95 * accounts);
      for (const count of perLifetime.slice(1)) expect(count).toBeGreaterThan(accounts);
    },
  );
});

it('catches up with 10,000 timers that a clock set forward by three hours made late, without a rush', () => {
  const random = seededRandom(5);
  const perMinute = new Map<number, number>();
  for (let account = 0; account < 10_000; account++) {
    const tokenAtMs = NOW - Math.floor(random() * 39 * MINUTE);
    const row = grant({ tokenAtMs, lastAttemptStartedAtMs: tokenAtMs, accessExpiresAtMs: tokenAtMs + HOUR });
    const mode = { kind: 'proactive' } as const;
    const facts = {
      nowMs: NOW,
      grant: row,
      mode,
      lastUsedAtMs: NOW,
      createdAtMs: NOW,
      defaultLifetimeMs: HOUR,
    };
    const planned = planRefresh({ ...facts, random });
    if (planned === null) throw new Error('every account has a timer');
    const jumped = { ...facts, nowMs: NOW + 3 * HOUR };
    expect(stillDue(planned, jumped)).toBe(false);
    const again = planRefresh({ ...jumped, random });
    const minute = Math.floor(((again?.dueAtMs ?? 0) - jumped.nowMs) / MINUTE);
    perMinute.set(minute, (perMinute.get(minute) ?? 0) + 1);
  }
  expect(perMinute.size).toBe(15);
  expect(Math.max(...perMinute.values())).toBeLessThan(1_000);
});
