import { describe, expect, it } from 'vitest';
import { planSettle } from '#refresh/exchange/settle-plan.ts';
import type { OutcomeSummary, SettleInput } from '#refresh/exchange/settle-plan.ts';
import { DAY, grant, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const STATIC = { rotating: false, graceMs: null };
const STRICT = { rotating: true, graceMs: null };
const GRACE = { rotating: true, graceMs: 10 * MINUTE };

const outcome = (kind: OutcomeSummary['outcome'], more: Partial<OutcomeSummary> = {}): OutcomeSummary => ({
  outcome: kind,
  doubt: false,
  retryAfterMs: null,
  providerError: null,
  reason: null,
  ...more,
});

const settle = (
  summary: OutcomeSummary,
  row: Partial<SettleInput['grant']> = {},
  rotation: SettleInput['rotation'] = STRICT,
) =>
  planSettle({
    nowMs: NOW,
    outcome: summary,
    grant: { ...grant(), failures: 0, unknown: null, ...row },
    rotation,
    attemptStartedAtMs: NOW - SECOND,
    random: () => 0.5,
  });

const trouble = {
  failures: 7,
  doubtSinceMs: NOW - HOUR,
  nextAttemptAtMs: NOW - SECOND,
  unknown: { code: 'odd_error', sinceMs: NOW - HOUR, count: 4 },
};

describe('new tokens', () => {
  it('clear every trace of trouble', () => {
    expect(settle(outcome('refreshed'), trouble)).toEqual({
      status: 'stored',
      deathReason: null,
      failures: 0,
      nextAttemptAtMs: null,
      doubtSinceMs: null,
      unknown: null,
      held: false,
    });
  });
});

describe('a terminal answer', () => {
  it('ends the grant with the reason it came with', () => {
    const plan = settle(outcome('grant_dead', { reason: 'refresh_token_expired' }));
    expect(plan).toMatchObject({
      status: 'dead',
      deathReason: 'refresh_token_expired',
      nextAttemptAtMs: null,
    });
  });
  it('counts as one more failure and forgets the unknown errors', () => {
    expect(settle(outcome('grant_dead'), trouble)).toMatchObject({ failures: 8, unknown: null, held: false });
  });
  it('is a revoked grant where it came without a reason', () => {
    expect(settle(outcome('grant_dead')).deathReason).toBe('grant_revoked');
  });
  it.each(['grant_revoked', 'refresh_token_expired', null])(
    'says in doubt that the response was lost, whatever the answer said (%s)',
    (reason) => {
      const plan = settle(outcome('grant_dead', { reason }), { doubtSinceMs: NOW - HOUR });
      expect(plan).toMatchObject({ status: 'dead', deathReason: 'rotation_response_lost' });
    },
  );
  it('keeps its reason where the refresh token does not rotate', () => {
    const plan = settle(
      outcome('grant_dead', { reason: 'grant_revoked' }),
      { doubtSinceMs: NOW - HOUR },
      STATIC,
    );
    expect(plan).toMatchObject({ deathReason: 'grant_revoked', doubtSinceMs: null });
  });
});

describe('a failure in doubt', () => {
  it.each([outcome('transient', { doubt: true }), outcome('malformed', { doubt: true }), outcome('unknown')])(
    'leaves the generation in doubt since its attempt began ($outcome)',
    (summary) => {
      const plan = settle(summary);
      expect(plan).toMatchObject({ status: 'failed', doubtSinceMs: NOW - SECOND, held: true, failures: 1 });
      expect(plan.nextAttemptAtMs).toBe(NOW + 35 * MINUTE);
    },
  );
  it('keeps the first doubt of the generation', () => {
    const plan = settle(outcome('transient', { doubt: true }), { doubtSinceMs: NOW - HOUR });
    expect(plan.doubtSinceMs).toBe(NOW - HOUR);
  });
  it('is retried quickly inside a verified grace', () => {
    const plan = settle(outcome('transient', { doubt: true }), {}, GRACE);
    expect(plan).toMatchObject({ held: false, doubtSinceMs: NOW - SECOND, nextAttemptAtMs: NOW + 500 });
  });
  it('is no doubt where the refresh token does not rotate', () => {
    const plan = settle(outcome('unknown'), {}, STATIC);
    expect(plan).toMatchObject({ held: false, doubtSinceMs: null, nextAttemptAtMs: NOW + SECOND });
  });
});

describe('a failure without doubt', () => {
  it('is retried by backoff', () => {
    const plan = settle(outcome('transient', { providerError: 'odd_error' }), { failures: 2 });
    expect(plan).toMatchObject({ status: 'failed', failures: 3, doubtSinceMs: null, held: false });
    expect(plan.nextAttemptAtMs).toBe(NOW + 4 * SECOND);
  });
  it('does not clear an earlier doubt, nor end its hold', () => {
    const plan = settle(outcome('throttled', { retryAfterMs: 30 * SECOND }), { doubtSinceMs: NOW - MINUTE });
    expect(plan).toMatchObject({
      doubtSinceMs: NOW - MINUTE,
      held: true,
      nextAttemptAtMs: NOW + 35 * MINUTE,
    });
  });
  it('waits as long as a throttling provider asks, up to an hour', () => {
    expect(settle(outcome('throttled', { retryAfterMs: 10 * MINUTE })).nextAttemptAtMs).toBe(
      NOW + 10 * MINUTE,
    );
    expect(settle(outcome('throttled', { retryAfterMs: DAY })).nextAttemptAtMs).toBe(NOW + HOUR);
  });
  it('waits five minutes where the client is rejected, and does not count it against the grant', () => {
    const plan = settle(outcome('client_rejected', { providerError: 'invalid_client' }), { failures: 3 });
    expect(plan).toMatchObject({
      status: 'failed',
      failures: 3,
      nextAttemptAtMs: NOW + 5 * MINUTE,
      held: false,
    });
  });
  it('respects a hold also where the client is rejected', () => {
    const plan = settle(outcome('client_rejected'), { doubtSinceMs: NOW - MINUTE });
    expect(plan).toMatchObject({ held: true, nextAttemptAtMs: NOW + 35 * MINUTE });
  });
});

describe('an error that no table knows', () => {
  const odd = outcome('transient', { providerError: 'odd_error' });
  const nearlyDead = {
    accessExpiresAtMs: NOW - HOUR,
    unknown: { code: 'odd_error', sinceMs: NOW - DAY, count: 9 },
  };

  it('ends the grant after a day and ten attempts', () => {
    expect(settle(odd, nearlyDead)).toMatchObject({
      status: 'dead',
      deathReason: 'unknown',
      nextAttemptAtMs: null,
    });
  });
  it('ends it as a lost response where the generation is in doubt', () => {
    const plan = settle(odd, { ...nearlyDead, doubtSinceMs: NOW - DAY });
    expect(plan.deathReason).toBe('rotation_response_lost');
  });
  it('never ends it while the access token lives', () => {
    const plan = settle(odd, { ...nearlyDead, accessExpiresAtMs: NOW + HOUR });
    expect(plan).toMatchObject({ status: 'failed', unknown: { count: 10 } });
  });
  it.each([
    outcome('transient', { providerError: 'odd_error', doubt: true }),
    outcome('transient', { providerError: 'odd_error', reason: 'known_to_pass' }),
    outcome('transient', { providerError: 'temporarily_unavailable' }),
    outcome('transient'),
    outcome('malformed', { providerError: 'odd_error', doubt: true }),
    outcome('throttled', { providerError: 'odd_error' }),
    outcome('client_rejected', { providerError: 'odd_error' }),
    outcome('unknown', { providerError: 'odd_error' }),
  ])(
    'is forgotten after anything else: $outcome, $providerError, doubt $doubt, reason $reason',
    (summary) => {
      expect(settle(summary, nearlyDead)).toMatchObject({ status: 'failed', unknown: null });
    },
  );
});
