import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRejected } from '#refresh/rejected.ts';
import type { GrantTimes } from '#refresh/lifetimes.ts';
import type { RecentAttempt } from '#refresh/rejected.ts';
import { anyGrant, grant, HOUR, MINUTE, NOW, SECOND } from './given.ts';

/** An attempt that replaced a token, both told by how long ago they were. */
const attempt = (
  agoMs: number,
  tokenAgeMs: number | null,
  overrides: Partial<RecentAttempt> = {},
): RecentAttempt => ({
  trigger: 'rejected',
  startedAtMs: NOW - agoMs,
  tokenAgeMs,
  outcome: 'refreshed',
  ...overrides,
});

const decide = (
  overrides: Partial<GrantTimes>,
  recent: RecentAttempt[] = [],
  more: { fingerprintMatches?: boolean; holdUntilMs?: number; permissionSignal?: boolean } = {},
) =>
  decideRejected({
    nowMs: NOW,
    fingerprintMatches: more.fingerprintMatches ?? true,
    grant: grant(overrides),
    recent,
    holdUntilMs: more.holdUntilMs ?? null,
    permissionSignal: more.permissionSignal ?? false,
  });

/** The current token is two minutes old; two before it were refused one and two minutes after they were made. */
const threeFresh = [attempt(2 * MINUTE, MINUTE), attempt(3 * MINUTE, 2 * MINUTE)];
const young = { tokenAtMs: NOW - 2 * MINUTE, lastAttemptStartedAtMs: NOW - 2 * MINUTE };

describe('a report of a refused token', () => {
  it('renews nothing where the current token is another one', () => {
    expect(decide({}, threeFresh, { fingerprintMatches: false })).toEqual({ kind: 'other_token' });
    expect(decide({ hasRefreshToken: false }, [], { fingerprintMatches: false })).toEqual({
      kind: 'other_token',
    });
  });
  it('renews the current token', () => {
    expect(decide({})).toEqual({ kind: 'refresh' });
  });
  it('ends the grant where three fresh tokens were refused with the signal of a lost permission', () => {
    expect(decide(young, threeFresh, { permissionSignal: true })).toEqual({ kind: 'permission_lost' });
    expect(decide(young, threeFresh)).toMatchObject({ kind: 'refused_by_api' });
    expect(decide({}, [], { permissionSignal: true })).toEqual({ kind: 'refresh' });
  });
  it('ends what nothing can renew', () => {
    expect(decide({ hasRefreshToken: false })).toEqual({ kind: 'unrenewable' });
  });
  it.each(['rejected', 'forced'])('waits within 30 s of a %s refresh', (trigger) => {
    expect(decide({}, [attempt(29 * SECOND, HOUR, { trigger })])).toEqual({
      kind: 'wait',
      retryAfterMs: SECOND,
    });
    expect(decide({}, [attempt(30 * SECOND, HOUR, { trigger })])).toEqual({ kind: 'refresh' });
  });
  it.each(['on_demand', 'proactive', 'heartbeat'])('does not wait after a refresh that was %s', (trigger) => {
    expect(decide({}, [attempt(SECOND, HOUR, { trigger })])).toEqual({ kind: 'refresh' });
  });
  it('waits no longer than 30 s after an attempt of a slightly later clock, and not at all after one hours ahead', () => {
    expect(decide({}, [attempt(-10 * SECOND, HOUR)])).toEqual({ kind: 'wait', retryAfterMs: 30 * SECOND });
    expect(decide({}, [attempt(-2 * HOUR, HOUR)])).toEqual({ kind: 'refresh' });
  });
  it('waits after the newest of several', () => {
    const recent = [
      attempt(SECOND, HOUR, { trigger: 'on_demand' }),
      attempt(10 * SECOND, HOUR, { trigger: 'forced' }),
    ];
    expect(decide({}, recent)).toEqual({ kind: 'wait', retryAfterMs: 20 * SECOND });
  });
  it('waits until the next attempt is allowed', () => {
    expect(decide({ nextAttemptAtMs: NOW + 4_000 })).toEqual({ kind: 'wait', retryAfterMs: 4_000 });
  });
  it('does not end a hold in doubt, however long it is', () => {
    const held = {
      accessExpiresAtMs: NOW + 8 * HOUR,
      doubtSinceMs: NOW - HOUR,
      nextAttemptAtMs: NOW + 7 * HOUR,
    };
    expect(decide(held)).toEqual({ kind: 'wait', retryAfterMs: 7 * HOUR });
  });
});

describe('the third fresh token that is refused within ten minutes', () => {
  it('is held against the API, for fifteen minutes', () => {
    expect(decide(young, threeFresh)).toEqual({ kind: 'refused_by_api', retryAfterMs: 15 * MINUTE });
  });
  it('needs three: the second is still renewed', () => {
    expect(decide(young, threeFresh.slice(0, 1))).toEqual({ kind: 'refresh' });
  });
  it('counts fresh ones only', () => {
    expect(decide(young, [attempt(2 * MINUTE, MINUTE), attempt(3 * MINUTE, 10 * MINUTE)])).toEqual({
      kind: 'refresh',
    });
    expect(decide(young, [attempt(2 * MINUTE, MINUTE), attempt(3 * MINUTE, null)])).toEqual({
      kind: 'refresh',
    });
    expect(decide({ tokenAtMs: NOW - 10 * MINUTE }, threeFresh)).toEqual({ kind: 'refresh' });
    expect(decide({ tokenAtMs: null }, threeFresh)).toEqual({ kind: 'refresh' });
  });
  it('counts rejections only', () => {
    const other = threeFresh.map((each) => ({ ...each, trigger: 'on_demand' }));
    expect(decide(young, other)).toEqual({ kind: 'refresh' });
  });
  it('forgets what is ten minutes ago', () => {
    expect(decide(young, [attempt(2 * MINUTE, MINUTE), attempt(10 * MINUTE, MINUTE)])).toEqual({
      kind: 'refresh',
    });
  });
  it('counts a token once whose renewal failed and was tried again', () => {
    const sameToken = [
      attempt(2 * MINUTE, 3 * MINUTE),
      attempt(3 * MINUTE, 2 * MINUTE, { outcome: 'transient' }),
      attempt(4 * MINUTE, MINUTE, { outcome: 'transient' }),
    ];
    expect(decide(young, sameToken)).toEqual({ kind: 'refresh' });
  });
  it('counts the current token once, although its own renewal failed before', () => {
    const failed = attempt(MINUTE, MINUTE, { outcome: 'transient' });
    expect(decide(young, [failed, attempt(2 * MINUTE, MINUTE)])).toEqual({ kind: 'refresh' });
  });
});

describe('while the API is known to refuse', () => {
  it('renews nothing and says how long', () => {
    const answer = decide({}, [], { holdUntilMs: NOW + 3 * MINUTE });
    expect(answer).toEqual({ kind: 'refused_by_api', retryAfterMs: 3 * MINUTE });
  });
  it('keeps the whole of its fifteen minutes', () => {
    const answer = decide({}, [], { holdUntilMs: NOW + 15 * MINUTE });
    expect(answer).toEqual({ kind: 'refused_by_api', retryAfterMs: 15 * MINUTE });
  });
  it('renews again when the time is over', () => {
    expect(decide({}, [], { holdUntilMs: NOW })).toEqual({ kind: 'refresh' });
  });
  it('does not keep a hold that a clock set back made hours long', () => {
    expect(decide({}, [], { holdUntilMs: NOW + 3 * HOUR })).toEqual({ kind: 'refresh' });
  });
});

it('never names a wait that is not positive, and renews only what can be renewed', () => {
  const anyAttempt = fc.record({
    trigger: fc.constantFrom('rejected', 'forced', 'on_demand', 'proactive'),
    startedAtMs: fc.integer({ min: NOW - 12 * MINUTE, max: NOW + 2 * MINUTE }),
    tokenAgeMs: fc.option(fc.integer({ min: 0, max: HOUR })),
    outcome: fc.option(fc.constantFrom('refreshed', 'transient')),
  });
  fc.assert(
    fc.property(
      anyGrant,
      fc.array(anyAttempt, { maxLength: 6 }),
      fc.option(fc.integer({ min: NOW - HOUR, max: NOW + HOUR })),
      (row, recent, holdUntilMs) => {
        const answer = decideRejected({
          nowMs: NOW,
          fingerprintMatches: true,
          grant: row,
          recent,
          holdUntilMs,
        });
        if ('retryAfterMs' in answer) expect(answer.retryAfterMs).toBeGreaterThan(0);
        expect(answer.kind === 'unrenewable').toBe(!row.hasRefreshToken);
      },
    ),
  );
});
