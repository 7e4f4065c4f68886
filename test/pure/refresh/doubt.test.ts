import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inDoubtShown, isHeld, planAfterDoubt, racesGrace } from '#refresh/exchange/doubt.ts';
import { anyDraw, DAY, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const STATIC = { rotating: false, graceMs: null };
const STRICT = { rotating: true, graceMs: null };
const TEN_MINUTES = { rotating: true, graceMs: 10 * MINUTE };

const base = {
  nowMs: NOW,
  rotation: STRICT,
  doubtSinceMs: NOW - SECOND,
  accessExpiresAtMs: NOW + HOUR,
  hasAccessToken: true,
  failures: 1,
  retryAfterMs: null,
  random: () => 0.5,
};
type PlanInput = Parameters<typeof planAfterDoubt>[0];
const plan = (overrides: Partial<PlanInput> = {}) => planAfterDoubt({ ...base, ...overrides });
const retryIn = (ms: number) => ({ kind: 'retry', nextAttemptAtMs: NOW + ms });
const holdFor = (ms: number) => ({ kind: 'hold', nextAttemptAtMs: NOW + ms });

describe('doubt about a refresh token that does not rotate', () => {
  it('is retried by backoff, nothing can be lost', () => {
    expect(plan({ rotation: STATIC })).toEqual(retryIn(SECOND));
    expect(plan({ rotation: STATIC, failures: 4, doubtSinceMs: NOW - DAY })).toEqual(retryIn(8 * SECOND));
  });
  it('is neither held nor shown', () => {
    expect(isHeld({ ...base, rotation: STATIC })).toBe(false);
    expect(inDoubtShown({ ...base, rotation: STATIC })).toBe(false);
  });
});

describe('doubt inside a verified grace', () => {
  it('is retried within a second at first, then from the base of the backoff', () => {
    expect(plan({ rotation: TEN_MINUTES })).toEqual(retryIn(500));
    expect(plan({ rotation: TEN_MINUTES, random: () => 0 })).toEqual(retryIn(250));
    expect(plan({ rotation: TEN_MINUTES, failures: 2 })).toEqual(retryIn(SECOND));
    expect(plan({ rotation: TEN_MINUTES, failures: 3 })).toEqual(retryIn(2 * SECOND));
  });
  it('keeps to a Retry-After', () => {
    expect(plan({ rotation: TEN_MINUTES, retryAfterMs: 30 * SECOND })).toEqual(retryIn(30 * SECOND));
  });
  it('ends ten seconds before the grace does, so that the old token arrives in time', () => {
    const sinceMs = (insideMs: number) => ({
      rotation: TEN_MINUTES,
      doubtSinceMs: NOW - 10 * MINUTE + 10_000 + insideMs,
    });
    expect(plan(sinceMs(1_000)).kind).toBe('retry');
    expect(plan(sinceMs(0)).kind).toBe('hold');
    expect(isHeld({ ...base, ...sinceMs(1) })).toBe(false);
    expect(isHeld({ ...base, ...sinceMs(0) })).toBe(true);
  });
  it('moves a draw beyond it to its last moment, less what an alarm is late', () => {
    const doubtSinceMs = NOW - 10 * MINUTE + 12 * SECOND;
    const last = { rotation: TEN_MINUTES, doubtSinceMs, failures: 20, random: () => 0.99 };
    expect(plan(last)).toEqual(retryIn(SECOND - 1));
  });
  it('is a race with the grace: it is run by the own backoff alone until it is over, and only then', () => {
    expect(racesGrace({ ...base, rotation: TEN_MINUTES })).toBe(true);
    expect(racesGrace({ ...base, rotation: TEN_MINUTES, doubtSinceMs: NOW - 10 * MINUTE })).toBe(false);
    expect(racesGrace({ ...base, rotation: TEN_MINUTES, doubtSinceMs: null })).toBe(false);
    expect(racesGrace({ ...base, rotation: STRICT })).toBe(false);
    expect(racesGrace({ ...base, rotation: { ...TEN_MINUTES, rotating: false } })).toBe(false);
  });
  it('holds where a Retry-After reaches beyond the grace', () => {
    expect(plan({ rotation: TEN_MINUTES, retryAfterMs: 15 * MINUTE })).toEqual(holdFor(55 * MINUTE));
  });
  it('is not shown while it lasts', () => {
    expect(inDoubtShown({ ...base, rotation: TEN_MINUTES })).toBe(false);
    expect(inDoubtShown({ ...base, rotation: TEN_MINUTES, doubtSinceMs: NOW - 10 * MINUTE })).toBe(true);
  });
});

describe('doubt at a strict provider', () => {
  it('holds until the access token has five minutes left', () => {
    expect(plan()).toEqual(holdFor(55 * MINUTE));
  });
  it('counts a grace below a minute, and one that is not known, as none', () => {
    expect(plan({ rotation: { rotating: true, graceMs: 59_999 } }).kind).toBe('hold');
    expect(plan({ rotation: { rotating: true, graceMs: NaN } }).kind).toBe('hold');
    expect(plan({ rotation: { rotating: true, graceMs: 60_000 } }).kind).toBe('retry');
  });
  it('goes on by backoff from then on', () => {
    expect(plan({ accessExpiresAtMs: NOW + 4 * MINUTE, failures: 3 })).toEqual(holdFor(4 * SECOND));
    expect(plan({ accessExpiresAtMs: NOW - HOUR, failures: 50 })).toEqual(holdFor(7.5 * MINUTE));
    expect(plan({ hasAccessToken: false, accessExpiresAtMs: null })).toEqual(holdFor(SECOND));
  });
  it('waits a day where the access token never expires', () => {
    expect(plan({ accessExpiresAtMs: null })).toEqual(holdFor(DAY));
    expect(isHeld({ ...base, accessExpiresAtMs: null })).toBe(true);
    expect(isHeld({ ...base, accessExpiresAtMs: null, doubtSinceMs: NOW - DAY })).toBe(false);
  });
  it('forbids presenting the refresh token until five minutes are left', () => {
    expect(isHeld({ ...base, accessExpiresAtMs: NOW + 5 * MINUTE + 1 })).toBe(true);
    expect(isHeld({ ...base, accessExpiresAtMs: NOW + 5 * MINUTE })).toBe(false);
    expect(isHeld({ ...base, accessExpiresAtMs: NOW - DAY })).toBe(false);
    expect(isHeld({ ...base, hasAccessToken: false })).toBe(false);
  });
  it('is shown at once', () => {
    expect(inDoubtShown(base)).toBe(true);
    expect(inDoubtShown({ ...base, doubtSinceMs: null })).toBe(false);
  });
  it('trusts no grace of a doubt that began in the future', () => {
    expect(plan({ rotation: TEN_MINUTES, doubtSinceMs: NOW + HOUR }).kind).toBe('hold');
  });
});

describe('any plan', () => {
  const anyInput = fc.record({
    nowMs: fc.constant(NOW),
    rotation: fc.record({ rotating: fc.boolean(), graceMs: fc.option(fc.integer({ min: 0, max: DAY })) }),
    doubtSinceMs: fc.integer({ min: NOW - DAY, max: NOW + MINUTE }),
    accessExpiresAtMs: fc.option(fc.integer({ min: NOW - DAY, max: NOW + DAY })),
    hasAccessToken: fc.boolean(),
    failures: fc.integer({ min: 1, max: 100 }),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 2 * HOUR })),
    random: anyDraw.map((draw) => () => draw),
  });

  it('lies ahead, and not before a Retry-After', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const planned = planAfterDoubt(input);
        if (planned.kind === 'none') throw new Error('there is doubt, so there is a plan');
        expect(Number.isInteger(planned.nextAttemptAtMs)).toBe(true);
        expect(planned.nextAttemptAtMs).toBeGreaterThanOrEqual(NOW + 250);
        expect(planned.nextAttemptAtMs).toBeGreaterThanOrEqual(NOW + Math.min(HOUR, input.retryAfterMs ?? 0));
      }),
      { numRuns: 2_000 },
    );
  });

  it('never names an instant at which the refresh token may not be presented', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const planned = planAfterDoubt(input);
        if (planned.kind === 'none') throw new Error('there is doubt, so there is a plan');
        const nowMs = planned.nextAttemptAtMs;
        const future = input.doubtSinceMs > NOW;
        if (!future) expect(isHeld({ ...input, nowMs })).toBe(false);
        if (planned.kind === 'retry') expect(inDoubtShown({ ...input, nowMs })).toBe(false);
        expect(planned.kind === 'hold' && !input.rotation.rotating).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
