import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isHeld } from '#refresh/exchange/doubt.ts';
import { planSettle } from '#refresh/exchange/settle-plan.ts';
import type { SettleInput, SettlePlan } from '#refresh/exchange/settle-plan.ts';
import { anyDraw, anyGrant, DAY, HOUR, MINUTE, NOW } from './given.ts';

const anyOutcome = fc.record({
  outcome: fc.constantFrom(
    ...([
      'refreshed',
      'grant_dead',
      'client_rejected',
      'throttled',
      'transient',
      'malformed',
      'unknown',
    ] as const),
  ),
  doubt: fc.boolean(),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 3 * HOUR })),
  providerError: fc.option(fc.constantFrom('odd_error', 'server_error')),
  reason: fc.option(fc.constantFrom('grant_revoked', 'refresh_token_idle')),
});

const anyTrack = fc.option(
  fc.record({
    code: fc.constantFrom('odd_error', 'other_error'),
    sinceMs: fc.integer({ min: NOW - 3 * DAY, max: NOW }),
    count: fc.integer({ min: 1, max: 30 }),
  }),
);

const anyInput: fc.Arbitrary<SettleInput> = fc.record({
  nowMs: fc.constant(NOW),
  outcome: anyOutcome,
  grant: fc
    .tuple(anyGrant, fc.nat(40), anyTrack)
    .map(([row, failures, unknown]) => ({ ...row, hasRefreshToken: true, failures, unknown })),
  rotation: fc.record({ rotating: fc.boolean(), graceMs: fc.option(fc.integer({ min: 0, max: DAY })) }),
  attemptStartedAtMs: fc.integer({ min: NOW - MINUTE, max: NOW }),
  random: anyDraw.map((draw) => () => draw),
});

const always = (check: (input: SettleInput, plan: SettlePlan) => void) =>
  fc.assert(
    fc.property(anyInput, (input) => {
      check(input, planSettle(input));
    }),
    { numRuns: 3_000 },
  );

it('names a reason exactly for the dead, and a next attempt exactly for the failed', () => {
  always((_, plan) => {
    expect(plan.deathReason !== null).toBe(plan.status === 'dead');
    expect(plan.nextAttemptAtMs !== null).toBe(plan.status === 'failed');
  });
});

it('puts the next attempt ahead, not before a Retry-After, and never where it is not a number', () => {
  always(({ outcome }, plan) => {
    if (plan.nextAttemptAtMs === null) return;
    expect(Number.isInteger(plan.nextAttemptAtMs)).toBe(true);
    expect(plan.nextAttemptAtMs).toBeGreaterThanOrEqual(
      NOW + Math.max(250, Math.min(HOUR, outcome.retryAfterMs ?? 0)),
    );
  });
});

it('stores exactly what was refreshed', () => {
  always(({ outcome }, plan) => {
    expect(plan.status === 'stored').toBe(outcome.outcome === 'refreshed');
  });
});

it('kills by a terminal answer, or by one code for a day and ten attempts after the access token ended', () => {
  always(({ outcome, grant }, plan) => {
    if (plan.status !== 'dead' || outcome.outcome === 'grant_dead') return;
    expect(outcome).toMatchObject({ outcome: 'transient', doubt: false, providerError: 'odd_error' });
    expect(grant.unknown?.code).toBe('odd_error');
    expect(grant.unknown?.count).toBeGreaterThanOrEqual(9);
    expect(NOW - (grant.unknown?.sinceMs ?? NOW)).toBeGreaterThanOrEqual(DAY);
  });
});

it('keeps a doubt until new tokens are stored, and has none where nothing rotates', () => {
  always(({ grant, rotation }, plan) => {
    if (!rotation.rotating || plan.status === 'stored') expect(plan.doubtSinceMs).toBeNull();
    else if (grant.doubtSinceMs !== null) expect(plan.doubtSinceMs).toBe(grant.doubtSinceMs);
  });
});

it('never blames the user for a death in doubt', () => {
  always(({ grant, rotation }, plan) => {
    if (plan.status !== 'dead' || !rotation.rotating || grant.doubtSinceMs === null) return;
    expect(plan.deathReason).toBe('rotation_response_lost');
  });
});

it('holds only in doubt, and plans no attempt for an instant at which the refresh token is held', () => {
  always(({ grant, rotation }, plan) => {
    if (plan.held) expect(plan.doubtSinceMs).not.toBeNull();
    if (plan.nextAttemptAtMs === null || (plan.doubtSinceMs ?? NOW) > NOW) return;
    expect(isHeld({ ...grant, rotation, doubtSinceMs: plan.doubtSinceMs, nowMs: plan.nextAttemptAtMs })).toBe(
      false,
    );
  });
});
