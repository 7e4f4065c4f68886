import { describe, expect, it } from 'vitest';
import { planRefresh, stillDue } from '#refresh/schedule.ts';
import type { Planned, ScheduleFacts } from '#refresh/schedule.ts';
import type { GrantTimes } from '#refresh/lifetimes.ts';
import { DAY, grant, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const WEEK_IDLE = { kind: 'idle_after', idleMs: 7 * DAY } as const;

const facts = (row: Partial<GrantTimes> = {}, more: Partial<ScheduleFacts> = {}): ScheduleFacts => ({
  nowMs: NOW,
  grant: grant(row),
  mode: WEEK_IDLE,
  lastUsedAtMs: NOW - MINUTE,
  createdAtMs: NOW - 30 * DAY,
  defaultLifetimeMs: HOUR,
  ...more,
});
const plan = (row: Partial<GrantTimes> = {}, more: Partial<ScheduleFacts> = {}, draw = 0.5) =>
  planRefresh({ ...facts(row, more), random: () => draw });

/** A token of this lifetime, just received. */
const fresh = (lifetimeMs: number, cycle = 3): Partial<GrantTimes> => ({
  tokenAtMs: NOW,
  lastAttemptStartedAtMs: NOW,
  lifetimeMs,
  accessExpiresAtMs: NOW + lifetimeMs,
  cycle,
});
const idle = { lastUsedAtMs: NOW - 8 * DAY };
const almostOne = 1 - Number.EPSILON;

describe('an account in use', () => {
  it('is refreshed first in 30 to 90 % of the lifetime, later in 65 to 90 %', () => {
    expect(plan(fresh(HOUR, 0), {}, 0)).toEqual({ kind: 'proactive', dueAtMs: NOW + 18 * MINUTE });
    expect(plan(fresh(HOUR, 1), {}, 0)).toEqual({ kind: 'proactive', dueAtMs: NOW + 39 * MINUTE });
    expect(plan(fresh(HOUR, 0), {}, almostOne)?.dueAtMs).toBe(NOW + 54 * MINUTE);
    expect(plan(fresh(HOUR, 9), {}, almostOne)?.dueAtMs).toBe(NOW + 54 * MINUTE);
  });
  it('counts the lifetime from when the token was asked for', () => {
    const asked = {
      ...fresh(HOUR, 1),
      tokenAtMs: NOW - 10 * SECOND,
      accessExpiresAtMs: NOW + HOUR - 10 * SECOND,
    };
    expect(plan(asked, {}, 0)?.dueAtMs).toBe(NOW + 39 * MINUTE - 10 * SECOND);
  });
  it('goes by the end that the row gives where that is earlier, or where no lifetime was noted', () => {
    const early = { ...fresh(HOUR), accessExpiresAtMs: NOW + 20 * MINUTE };
    expect(plan(early, {}, 0)?.dueAtMs).toBe(NOW + 13 * MINUTE);
    expect(plan({ ...early, lifetimeMs: null }, {}, 0)?.dueAtMs).toBe(NOW + 13 * MINUTE);
    expect(plan({ ...early, lifetimeMs: 0 }, {}, 0)?.dueAtMs).toBe(NOW + 13 * MINUTE);
  });
  it('has a new token a minute before the old one ends, where it lives above five minutes', () => {
    expect(plan(fresh(6 * MINUTE), {}, almostOne)?.dueAtMs).toBeLessThanOrEqual(NOW + 5 * MINUTE);
    expect(plan(fresh(5 * MINUTE), {}, almostOne)?.dueAtMs).toBe(NOW + 4.5 * MINUTE);
  });
  it('is not refreshed within 30 s of the last time, however short its tokens are', () => {
    expect(plan(fresh(20 * SECOND))?.dueAtMs).toBe(NOW + 30 * SECOND);
  });
  it('is spread over what is left of its window when it is planned again', () => {
    const midway = { tokenAtMs: NOW - 45 * MINUTE, accessExpiresAtMs: NOW + 15 * MINUTE };
    expect(plan(midway, {}, 0)?.dueAtMs).toBe(NOW);
    expect(plan(midway, {}, almostOne)?.dueAtMs).toBe(NOW + 9 * MINUTE);
  });
  it('is caught up with before the last minute where its window has passed', () => {
    const late = { tokenAtMs: NOW - 56 * MINUTE, accessExpiresAtMs: NOW + 4 * MINUTE };
    expect(plan(late, {}, 0)?.dueAtMs).toBe(NOW);
    expect(plan(late, {}, almostOne)?.dueAtMs).toBe(NOW + 3 * MINUTE);
  });
  it('is caught up with within a quarter of the lifetime where its token has ended, fifteen minutes at most', () => {
    const endedHour = { tokenAtMs: NOW - 3 * HOUR, accessExpiresAtMs: NOW - 2 * HOUR };
    expect(plan(endedHour, {}, almostOne)?.dueAtMs).toBe(NOW + 15 * MINUTE);
    const endedMinute = {
      lifetimeMs: MINUTE,
      accessExpiresAtMs: NOW - 10 * MINUTE,
      tokenAtMs: NOW - 11 * MINUTE,
    };
    expect(plan(endedMinute, {}, almostOne)?.dueAtMs).toBe(NOW + 15 * SECOND);
  });
  it('gets its first access token within 30 to 90 % of the usual lifetime after an import', () => {
    const imported = {
      hasAccessToken: false,
      accessExpiresAtMs: null,
      tokenAtMs: null,
      lastAttemptStartedAtMs: null,
    };
    const row = { ...imported, lifetimeMs: null, cycle: 0 };
    expect(plan(row, {}, 0)).toEqual({ kind: 'proactive', dueAtMs: NOW + 18 * MINUTE });
    expect(plan(row, {}, almostOne)?.dueAtMs).toBe(NOW + 54 * MINUTE);
  });
});

describe('an idle account', () => {
  it('beats once a day from its last refresh on', () => {
    expect(plan(fresh(HOUR), idle, 0)).toEqual({ kind: 'heartbeat', dueAtMs: NOW + 22 * HOUR });
    expect(plan(fresh(HOUR), idle, almostOne)?.dueAtMs).toBe(NOW + 26 * HOUR);
  });
  it('spreads its first heartbeat over a whole day', () => {
    expect(plan({}, idle, 0)?.dueAtMs).toBe(NOW - 20 * MINUTE + 2 * HOUR);
    expect(plan({}, idle, almostOne)?.dueAtMs).toBe(NOW - 20 * MINUTE + 26 * HOUR);
    expect(plan(fresh(HOUR, 0), idle, 0)?.dueAtMs).toBe(NOW + 2 * HOUR);
  });
  it('counts its idleness from its creation where it was never used', () => {
    expect(plan(fresh(HOUR), { lastUsedAtMs: null, createdAtMs: NOW - 6 * DAY })?.kind).toBe('proactive');
    expect(plan(fresh(HOUR), { lastUsedAtMs: null, createdAtMs: NOW - 7 * DAY })?.kind).toBe('heartbeat');
  });
  it('takes a young creation for the proof where no token was ever asked for, and now where it is older', () => {
    const imported = { hasAccessToken: false, tokenAtMs: null, lastAttemptStartedAtMs: null, cycle: 0 };
    const onDemand = { mode: { kind: 'on_demand' } } as const;
    expect(plan(imported, { ...onDemand, createdAtMs: NOW - 5 * HOUR }, almostOne)?.dueAtMs).toBe(
      NOW + 21 * HOUR,
    );
    expect(plan(imported, { ...onDemand, createdAtMs: NOW - 5 * DAY }, 0)?.dueAtMs).toBe(NOW + 2 * HOUR);
  });
  it('beats within fifteen minutes where the day has long passed', () => {
    const old = { tokenAtMs: NOW - 3 * DAY, accessExpiresAtMs: NOW - 2 * DAY };
    expect(plan(old, { ...idle, lastUsedAtMs: NOW - 20 * DAY }, almostOne)?.dueAtMs).toBe(NOW + 15 * MINUTE);
  });
  it('beats within its first idle day although its token lives for months', () => {
    const used = { lastUsedAtMs: NOW };
    expect(plan(fresh(60 * DAY, 0), used, 0)).toEqual({
      kind: 'heartbeat',
      dueAtMs: NOW + 7 * DAY + 2 * HOUR,
    });
    expect(plan(fresh(60 * DAY, 0), { ...used, mode: { kind: 'proactive' } }, 0)).toEqual({
      kind: 'proactive',
      dueAtMs: NOW + 18 * DAY,
    });
  });
  it('beats within 26 h of going idle where its long-lived token was never due before', () => {
    const months = { tokenAtMs: NOW - 8 * DAY, lifetimeMs: 60 * DAY, accessExpiresAtMs: NOW + 52 * DAY };
    const since = { lastUsedAtMs: NOW - 7 * DAY - HOUR };
    expect(plan(months, since, 0)).toEqual({ kind: 'heartbeat', dueAtMs: NOW + HOUR });
    expect(plan(months, since, almostOne)?.dueAtMs).toBe(NOW + 25 * HOUR);
  });
  it.each([
    ['a mode on demand', {}, { mode: { kind: 'on_demand' } }],
    [
      'a token that never expires',
      { accessExpiresAtMs: null, lifetimeMs: null },
      { mode: { kind: 'proactive' } },
    ],
  ] as const)('is what %s looks like to the schedule', (_, row, more) => {
    expect(plan({ ...fresh(HOUR), ...row }, more)?.kind).toBe('heartbeat');
  });
});

describe('a refresh token that dies of idleness', () => {
  it('is used while a tenth and a day of its life are left', () => {
    const months = { ...fresh(60 * DAY), refreshIdleExpiresAtMs: NOW + 30 * DAY };
    const proactive = { mode: { kind: 'proactive' } } as const;
    expect(plan(months, proactive, 0)).toEqual({ kind: 'keepalive', dueAtMs: NOW + 24 * DAY });
    expect(plan(months, proactive, almostOne)?.dueAtMs).toBe(NOW + 27 * DAY);
    const week = { ...fresh(60 * DAY), refreshIdleExpiresAtMs: NOW + 7 * DAY };
    expect(plan(week, proactive, almostOne)?.dueAtMs).toBe(NOW + 6 * DAY);
  });
  it('is used before half of a short idle life is over, whatever the mode', () => {
    const short = { ...fresh(HOUR), refreshIdleExpiresAtMs: NOW + 30 * MINUTE };
    expect(plan(short, { mode: { kind: 'on_demand' } })).toEqual({
      kind: 'keepalive',
      dueAtMs: NOW + 13.5 * MINUTE,
    });
  });
  it('needs no keepalive where it is refreshed before anyway', () => {
    expect(plan({ ...fresh(HOUR), refreshIdleExpiresAtMs: NOW + 90 * DAY })?.kind).toBe('proactive');
  });
  it('is used soon where the time for it has passed', () => {
    const late = { tokenAtMs: NOW - 30 * DAY, refreshIdleExpiresAtMs: NOW + 10 * MINUTE };
    const planned = plan(late, idle, almostOne);
    expect(planned).toEqual({ kind: 'keepalive', dueAtMs: NOW + 5 * MINUTE });
  });
});

describe('after a failure', () => {
  it('comes the retry, at the time that was set for it', () => {
    const dueAtMs = NOW + 90 * SECOND;
    expect(plan({ nextAttemptAtMs: dueAtMs })).toEqual({ kind: 'retry', dueAtMs });
    expect(plan({ nextAttemptAtMs: dueAtMs }, idle)).toEqual({ kind: 'retry', dueAtMs });
  });
  it('comes the retry at once where its time has passed', () => {
    expect(plan({ nextAttemptAtMs: NOW - HOUR })).toEqual({ kind: 'retry', dueAtMs: NOW });
  });
  it('comes the deliberate attempt of a hold when it was planned', () => {
    const held = { ...fresh(8 * HOUR), doubtSinceMs: NOW, nextAttemptAtMs: NOW + 8 * HOUR - 5 * MINUTE };
    expect(plan(held)).toEqual({ kind: 'retry', dueAtMs: NOW + 8 * HOUR - 5 * MINUTE });
  });
  it('comes no retry hours later because the clock was set back', () => {
    expect(plan({ nextAttemptAtMs: NOW + 5 * HOUR, accessExpiresAtMs: NOW })?.dueAtMs).toBe(NOW);
    expect(plan({ nextAttemptAtMs: NOW + 5 * HOUR })?.dueAtMs).toBe(NOW + 61 * MINUTE);
  });
});

describe('a grant that nothing can renew', () => {
  it('ends when its access token does', () => {
    expect(plan({ hasRefreshToken: false })).toEqual({ kind: 'end', dueAtMs: NOW + 40 * MINUTE });
    expect(plan({ hasRefreshToken: false, accessExpiresAtMs: NOW - DAY })).toEqual({
      kind: 'end',
      dueAtMs: NOW,
    });
  });
  it('has no timer where its access token never ends or is not there', () => {
    expect(plan({ hasRefreshToken: false, accessExpiresAtMs: null })).toBeNull();
    expect(plan({ hasRefreshToken: false, hasAccessToken: false })).toBeNull();
  });
});

describe('a timer that fires', () => {
  const due = (kind: Planned['kind'], lateMs = 0): Planned => ({ kind, dueAtMs: NOW - lateMs });
  const ripe = {
    tokenAtMs: NOW - 45 * MINUTE,
    accessExpiresAtMs: NOW + 15 * MINUTE,
    lastAttemptStartedAtMs: null,
  };

  it('is still due where nothing has changed', () => {
    expect(stillDue(due('proactive'), facts(ripe))).toBe(true);
    expect(stillDue(due('heartbeat'), facts({ tokenAtMs: NOW - 24 * HOUR }, idle))).toBe(true);
    expect(stillDue(due('retry', SECOND), facts({ nextAttemptAtMs: NOW - SECOND }))).toBe(true);
    expect(stillDue(due('end'), facts({ hasRefreshToken: false, accessExpiresAtMs: NOW }))).toBe(true);
  });
  it('ends only what has ended and can not be renewed', () => {
    expect(stillDue(due('end'), facts({ hasRefreshToken: false }))).toBe(false);
    expect(stillDue(due('end'), facts({ accessExpiresAtMs: NOW }))).toBe(false);
    expect(stillDue(due('heartbeat'), facts({ tokenAtMs: NOW - DAY, hasRefreshToken: false }, idle))).toBe(
      false,
    );
  });
  it('turns into a heartbeat where the account has gone idle', () => {
    expect(stillDue(due('proactive'), facts(ripe, idle))).toBe(false);
    expect(plan(ripe, idle)?.kind).toBe('heartbeat');
  });
  it('turns into a refresh where an idle account is used again', () => {
    expect(stillDue(due('heartbeat'), facts({ tokenAtMs: NOW - 24 * HOUR }))).toBe(false);
  });
  it('is not due a second time', () => {
    expect(stillDue(due('proactive'), facts(fresh(HOUR)))).toBe(false);
    expect(stillDue(due('proactive'), facts({ ...fresh(HOUR), tokenAtMs: NOW - 10 * MINUTE }))).toBe(false);
    expect(stillDue(due('heartbeat'), facts({ ...fresh(HOUR), tokenAtMs: NOW - HOUR }, idle))).toBe(false);
    const kept = { tokenAtMs: NOW - DAY, refreshIdleExpiresAtMs: NOW + 29 * DAY };
    expect(stillDue(due('keepalive'), facts(kept))).toBe(false);
    expect(stillDue(due('keepalive'), facts({ ...kept, tokenAtMs: NOW - 25 * DAY }))).toBe(false);
    expect(stillDue(due('keepalive'), facts({ ...kept, refreshIdleExpiresAtMs: NOW + HOUR }))).toBe(true);
    expect(stillDue(due('keepalive'), facts({ ...kept, refreshIdleExpiresAtMs: null }))).toBe(false);
    expect(stillDue(due('retry'), facts({ nextAttemptAtMs: null }))).toBe(false);
    expect(stillDue(due('retry'), facts({ nextAttemptAtMs: NOW + MINUTE }))).toBe(false);
  });
  it('is planned anew where it is so late that many are', () => {
    expect(stillDue(due('proactive', 2 * MINUTE), facts(ripe))).toBe(true);
    expect(stillDue(due('proactive', 2 * MINUTE + 1), facts(ripe))).toBe(false);
  });
  it('is not due before its time', () => {
    expect(stillDue(due('retry', -1), facts({ nextAttemptAtMs: NOW - SECOND }))).toBe(false);
  });
});
