import fc from 'fast-check';
import { expect, it } from 'vitest';
import { accessLeftMs } from '#refresh/lifetimes.ts';
import { decideServe } from '#refresh/serve.ts';
import type { GrantTimes } from '#refresh/lifetimes.ts';
import { anyGrant, DAY, grant, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const anyMinTtl = fc.integer({ min: 0, max: HOUR });

it('never serves a token with less than a second left, whatever the row and the clock say', () => {
  fc.assert(
    fc.property(anyGrant, anyMinTtl, fc.boolean(), (row, minTtlMs, minTtlExplicit) => {
      const decision = decideServe({ nowMs: NOW, grant: row, minTtlMs, minTtlExplicit });
      if (decision.kind === 'serve') {
        expect(row.hasAccessToken).toBe(true);
        expect((row.accessExpiresAtMs ?? Infinity) - NOW).toBeGreaterThanOrEqual(SECOND);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('never refreshes without a refresh token nor before the next attempt is allowed', () => {
  fc.assert(
    fc.property(anyGrant, anyMinTtl, fc.boolean(), (row, minTtlMs, minTtlExplicit) => {
      const decision = decideServe({ nowMs: NOW, grant: row, minTtlMs, minTtlExplicit });
      if (decision.kind === 'refresh') {
        expect(row.hasRefreshToken).toBe(true);
        const aheadMs = (row.nextAttemptAtMs ?? NOW) - NOW;
        expect(aheadMs <= 0 || (decision.mustSucceed && aheadMs > HOUR)).toBe(true);
      }
      if (decision.kind === 'wait') expect(decision.retryAfterMs).toBeGreaterThan(0);
      if (decision.kind === 'ended') expect(row.hasRefreshToken).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

it('never promises more of a token than the lifetime that was granted', () => {
  fc.assert(
    fc.property(anyGrant, fc.integer({ min: 1, max: DAY }), (row, lifetimeMs) => {
      const leftMs = accessLeftMs({ ...row, lifetimeMs }, NOW);
      expect(leftMs).toBeGreaterThanOrEqual(0);
      if (row.accessExpiresAtMs !== null) expect(leftMs).toBeLessThanOrEqual(lifetimeMs);
    }),
  );
});

interface Step {
  gapMs: number;
  minTtlMs: number;
  explicit: boolean;
  succeeds: boolean;
  lifetimeMs: number;
  jumpBackMs: number;
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  gapMs: fc.oneof(fc.integer({ min: 0, max: 2 * SECOND }), fc.integer({ min: 0, max: 5 * MINUTE })),
  minTtlMs: anyMinTtl,
  explicit: fc.boolean(),
  succeeds: fc.boolean(),
  lifetimeMs: fc.oneof(fc.integer({ min: SECOND, max: 2 * MINUTE }), fc.integer({ min: SECOND, max: HOUR })),
  jumpBackMs: fc.constant(0),
});

/** Plays the requests and answers when a living token was refreshed, in time that does not jump. */
function playRequests(steps: Step[]): { livingRefreshesAtMs: number[]; requests: number } {
  let row: GrantTimes = grant();
  let realMs = NOW;
  let behindMs = 0;
  const livingRefreshesAtMs: number[] = [];
  for (const step of steps) {
    realMs += step.gapMs;
    behindMs += step.jumpBackMs;
    const nowMs = realMs - behindMs;
    const decision = decideServe({
      nowMs,
      grant: row,
      minTtlMs: step.minTtlMs,
      minTtlExplicit: step.explicit,
    });
    if (decision.kind !== 'refresh') continue;
    if (!decision.mustSucceed) livingRefreshesAtMs.push(realMs);
    row = { ...row, lastAttemptStartedAtMs: nowMs };
    if (step.succeeds) {
      const { lifetimeMs } = step;
      row = {
        ...row,
        tokenAtMs: nowMs,
        lifetimeMs,
        accessExpiresAtMs: nowMs + lifetimeMs,
        cycle: row.cycle + 1,
      };
    }
  }
  return { livingRefreshesAtMs, requests: steps.length };
}

const closestMs = (times: number[]) =>
  Math.min(Infinity, ...times.slice(1).map((at, i) => at - (times[i] ?? at)));

it('refreshes a living token on demand at most once in 30 s, whatever min_ttl is asked for how often', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 200 }), (steps) => {
      expect(closestMs(playRequests(steps).livingRefreshesAtMs)).toBeGreaterThanOrEqual(30 * SECOND);
    }),
    { numRuns: 500 },
  );
});

it('is no pump either when the clock is set back between requests', () => {
  const jumping = anyStep.chain((step) =>
    fc.integer({ min: 0, max: HOUR }).map((jumpBackMs) => ({ ...step, jumpBackMs })),
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(anyStep, jumping), { minLength: 1, maxLength: 200 }), (steps) => {
      expect(closestMs(playRequests(steps).livingRefreshesAtMs)).toBeGreaterThanOrEqual(30 * SECOND);
    }),
    { numRuns: 500 },
  );
});

it('plays sequences in which living tokens are refreshed, so that the bound is put to the test', () => {
  const everySecond: Step[] = Array.from({ length: 600 }, () => ({
    gapMs: SECOND,
    minTtlMs: HOUR,
    explicit: true,
    succeeds: true,
    lifetimeMs: MINUTE,
    jumpBackMs: 0,
  }));
  const { livingRefreshesAtMs, requests } = playRequests([
    { ...everySecond[0]!, gapMs: 30 * MINUTE },
    ...everySecond,
  ]);
  expect(requests).toBe(601);
  expect(livingRefreshesAtMs.length).toBeGreaterThan(15);
  expect(closestMs(livingRefreshesAtMs)).toBeGreaterThanOrEqual(30 * SECOND);
});
