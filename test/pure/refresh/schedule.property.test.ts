import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planRefresh, stillDue } from '#refresh/schedule.ts';
import type { GrantTimes } from '#refresh/lifetimes.ts';
import type { RotationMode } from '#refresh/schedule.ts';
import { anyDraw, anyGrant, DAY, grant, HOUR, MINUTE, NOW, seededRandom, SECOND } from './given.ts';

const anyMode: fc.Arbitrary<RotationMode> = fc.oneof(
  fc.constant({ kind: 'proactive' as const }),
  fc.constant({ kind: 'on_demand' as const }),
  fc.integer({ min: MINUTE, max: 365 * DAY }).map((idleMs) => ({ kind: 'idle_after' as const, idleMs })),
);

const anyInput = fc.record({
  nowMs: fc.constant(NOW),
  grant: anyGrant,
  mode: anyMode,
  lastUsedAtMs: fc.option(fc.integer({ min: NOW - 90 * DAY, max: NOW + DAY })),
  createdAtMs: fc.integer({ min: NOW - 90 * DAY, max: NOW + DAY }),
  defaultLifetimeMs: fc.integer({ min: MINUTE, max: DAY }),
  random: anyDraw.map((draw) => () => draw),
});

it('never plans the past, a fraction, or what is not a number', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const planned = planRefresh(input);
      if (planned === null) return;
      expect(Number.isSafeInteger(planned.dueAtMs)).toBe(true);
      expect(planned.dueAtMs).toBeGreaterThanOrEqual(NOW);
    }),
    { numRuns: 5_000 },
  );
});

it('always has a timer for what can be renewed', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      expect(planRefresh({ ...input, grant: { ...input.grant, hasRefreshToken: true } })).not.toBeNull();
    }),
  );
});

it('never refreshes a long-lived token in its last minute while there is time before', () => {
  const anyLifetime = fc.integer({ min: 5 * MINUTE + 1, max: 90 * DAY });
  fc.assert(
    fc.property(
      anyInput,
      anyLifetime,
      fc.double({ min: 0, max: 1.2, noNaN: true }),
      (input, lifetimeMs, share) => {
        const tokenAtMs = NOW - Math.floor(share * lifetimeMs);
        const lastMs = tokenAtMs + lifetimeMs - MINUTE;
        const row = grant({
          lifetimeMs,
          tokenAtMs,
          accessExpiresAtMs: tokenAtMs + lifetimeMs,
          cycle: input.grant.cycle,
        });
        const planned = planRefresh({ ...input, grant: row, mode: { kind: 'proactive' } });
        expect(planned?.kind).toBe('proactive');
        if (Math.max(NOW, tokenAtMs + 30 * SECOND) <= lastMs)
          expect(planned?.dueAtMs).toBeLessThanOrEqual(lastMs);
        expect(planned?.dueAtMs).toBeGreaterThanOrEqual(tokenAtMs + 30 * SECOND);
      },
    ),
    { numRuns: 2_000 },
  );
});

it('plans refreshes never sooner than 30 s after the last one or the last attempt', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const row = { ...input.grant, hasRefreshToken: true, nextAttemptAtMs: null };
      const lastMs = Math.max(
        ...[row.tokenAtMs, row.lastAttemptStartedAtMs].map((at) =>
          at === null || at > NOW ? -Infinity : at,
        ),
      );
      const planned = planRefresh({ ...input, grant: row });
      expect(planned?.dueAtMs).toBeGreaterThanOrEqual(lastMs + 30 * SECOND);
    }),
    { numRuns: 2_000 },
  );
});

it('lets an idle account wait at most 26 h for a proof of life', () => {
  fc.assert(
    fc.property(anyInput, fc.nat(26 * HOUR - MINUTE), (input, agoMs) => {
      const row = {
        ...input.grant,
        hasRefreshToken: true,
        nextAttemptAtMs: null,
        lastAttemptStartedAtMs: null,
      };
      const tokenAtMs = NOW - agoMs;
      const planned = planRefresh({ ...input, grant: { ...row, tokenAtMs }, mode: { kind: 'on_demand' } });
      expect(planned?.dueAtMs).toBeLessThanOrEqual(tokenAtMs + 26 * HOUR);
    }),
    { numRuns: 2_000 },
  );
});

it('uses a refresh token before it dies of idleness, whatever the mode', () => {
  fc.assert(
    fc.property(anyInput, fc.integer({ min: 5 * MINUTE, max: 180 * DAY }), (input, idleLifeMs) => {
      const refreshIdleExpiresAtMs = NOW + idleLifeMs;
      const row = grant({ tokenAtMs: NOW, lastAttemptStartedAtMs: NOW, refreshIdleExpiresAtMs });
      const planned = planRefresh({
        ...input,
        grant: { ...row, accessExpiresAtMs: input.grant.accessExpiresAtMs },
      });
      expect(planned?.dueAtMs).toBeLessThan(refreshIdleExpiresAtMs);
    }),
  );
});

/** Rows whose times lie in the past, as they do while the clock only goes forward. */
const inOrder = (row: GrantTimes): boolean =>
  (row.tokenAtMs ?? 0) <= NOW && (row.lastAttemptStartedAtMs ?? 0) <= NOW;

it('finds every timer still due at the instant it was planned for, unless the account has gone idle or awake', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      fc.pre(inOrder(input.grant));
      const planned = planRefresh(input);
      if (planned === null) return;
      const later = { ...input, nowMs: planned.dueAtMs };
      if (stillDue(planned, later)) return;
      // Turned down: by now it is another kind, or a row edited by hand keeps a living token waiting.
      const waits = planned.kind === 'retry' && (input.grant.nextAttemptAtMs ?? 0) > later.nowMs;
      expect(planRefresh(later)?.kind !== planned.kind || waits).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

it('starves no account whose clock was set back: a few plannings later its timer is due', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      let nowMs = NOW;
      const grantNow = { ...input.grant, hasRefreshToken: true, nextAttemptAtMs: null };
      for (let planning = 0; planning < 4; planning++) {
        const facts = { ...input, nowMs, grant: grantNow };
        const planned = planRefresh(facts);
        if (planned === null) throw new Error('what can be renewed has a timer');
        nowMs = planned.dueAtMs;
        if (stillDue(planned, { ...facts, nowMs })) return;
      }
      throw new Error('planned four times and never due');
    }),
    { numRuns: 5_000 },
  );
});

/** Plays a grant for some days; `lateMs` is how late its alarms are. Answers when it was refreshed. */
function playSchedule(
  mode: RotationMode,
  lifetimeMs: number | null,
  days: number,
  lateMs: number,
  seed: number,
) {
  const random = seededRandom(seed);
  const expiry = (atMs: number) => (lifetimeMs === null ? null : atMs + lifetimeMs);
  let row = grant({
    tokenAtMs: NOW,
    lastAttemptStartedAtMs: NOW,
    lifetimeMs,
    accessExpiresAtMs: expiry(NOW),
    cycle: 0,
  });
  let nowMs = NOW;
  const refreshedAtMs: number[] = [NOW];
  const facts = () => ({
    nowMs,
    grant: row,
    mode,
    lastUsedAtMs: NOW,
    createdAtMs: NOW,
    defaultLifetimeMs: HOUR,
  });
  while (nowMs < NOW + days * DAY) {
    const planned = planRefresh({ ...facts(), random });
    if (planned === null) break;
    nowMs = planned.dueAtMs + lateMs;
    if (!stillDue(planned, facts())) continue;
    refreshedAtMs.push(nowMs);
    row = {
      ...row,
      tokenAtMs: nowMs,
      lastAttemptStartedAtMs: nowMs,
      accessExpiresAtMs: expiry(nowMs),
      cycle: row.cycle + 1,
    };
  }
  return refreshedAtMs;
}
const gaps = (times: number[]) => times.slice(1).map((at, i) => at - (times[i] ?? at));

it('costs an idle account about one refresh a day, and never leaves it without proof for 26 h', () => {
  for (const lifetimeMs of [HOUR, 8 * HOUR, 60 * DAY, null]) {
    const beats = playSchedule({ kind: 'on_demand' }, lifetimeMs, 100, 5 * SECOND, 7);
    expect(beats.length).toBeGreaterThan(95);
    expect(beats.length).toBeLessThan(106);
    expect(Math.max(...gaps(beats))).toBeLessThanOrEqual(26 * HOUR + 5 * SECOND);
  }
});

it('goes from refreshes to heartbeats a week after the last use, and keeps the proof within 26 h all along', () => {
  const times = playSchedule({ kind: 'idle_after', idleMs: 7 * DAY }, HOUR, 20, 5 * SECOND, 11);
  const before = times.filter((at) => at < NOW + 7 * DAY).length;
  expect(before).toBeGreaterThan((7 * 24) / 0.9 - 1);
  expect(before).toBeLessThan((7 * 24) / 0.65);
  expect(times.length - before).toBeGreaterThanOrEqual(12);
  expect(times.length - before).toBeLessThanOrEqual(15);
  expect(Math.max(...gaps(times))).toBeLessThanOrEqual(26 * HOUR + 5 * SECOND);
});

it('refreshes a token in use always before its last minute when alarms are on time', () => {
  for (const lifetimeMs of [6 * MINUTE, 30 * MINUTE, HOUR, 8 * HOUR]) {
    const times = playSchedule({ kind: 'proactive' }, lifetimeMs, 3, 0, 13);
    expect(times.length).toBeGreaterThan((3 * DAY) / lifetimeMs);
    expect(Math.max(...gaps(times))).toBeLessThanOrEqual(lifetimeMs - MINUTE);
  }
});
