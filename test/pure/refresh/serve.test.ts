import { describe, expect, it } from 'vitest';
import { decideServe, effectiveMinTtlMs } from '#refresh/serve.ts';
import type { GrantTimes } from '#refresh/lifetimes.ts';
import { grant, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const decide = (overrides: Partial<GrantTimes>, minTtlMs = MINUTE, minTtlExplicit = false) =>
  decideServe({ nowMs: NOW, grant: grant(overrides), minTtlMs, minTtlExplicit });

const serve = { kind: 'serve' };
const refreshNow = { kind: 'refresh', trigger: 'on_demand', mustSucceed: true };
const refreshEarly = { kind: 'refresh', trigger: 'on_demand', mustSucceed: false };

describe('the effective min_ttl', () => {
  it('is what was asked for where the lifetime is long enough', () => {
    expect(effectiveMinTtlMs({ minTtlMs: MINUTE, minTtlExplicit: false, lifetimeMs: HOUR })).toBe(MINUTE);
  });
  it('is at most a fifth of the lifetime where the caller said nothing', () => {
    expect(effectiveMinTtlMs({ minTtlMs: HOUR, minTtlExplicit: false, lifetimeMs: HOUR })).toBe(12 * MINUTE);
  });
  it('is at most half the lifetime where the caller named it', () => {
    expect(effectiveMinTtlMs({ minTtlMs: HOUR, minTtlExplicit: true, lifetimeMs: HOUR })).toBe(30 * MINUTE);
  });
  it('is not capped where no lifetime is known, and never negative', () => {
    expect(effectiveMinTtlMs({ minTtlMs: HOUR, minTtlExplicit: true, lifetimeMs: null })).toBe(HOUR);
    expect(effectiveMinTtlMs({ minTtlMs: -1, minTtlExplicit: true, lifetimeMs: HOUR })).toBe(0);
  });
});

describe('a request for a token that lives', () => {
  it('gets it where it lives as long as asked', () => {
    expect(decide({})).toEqual(serve);
    expect(decide({ accessExpiresAtMs: NOW + MINUTE })).toEqual(serve);
  });
  it('gets one that never expires, whatever else the row says', () => {
    const never = { accessExpiresAtMs: null, lifetimeMs: null, tokenAtMs: NOW - HOUR };
    expect(decide(never, HOUR, true)).toEqual(serve);
    expect(decide({ ...never, doubtSinceMs: NOW - HOUR, nextAttemptAtMs: NOW + HOUR }, HOUR, true)).toEqual(
      serve,
    );
  });
  it('renews one that is about to end, and may serve it when that fails', () => {
    expect(decide({ accessExpiresAtMs: NOW + 59 * SECOND })).toEqual(refreshEarly);
  });
  it('gets one that nothing can renew until it ends', () => {
    expect(decide({ accessExpiresAtMs: NOW + SECOND, hasRefreshToken: false })).toEqual(serve);
  });
  it('does not renew it before it is 30 s old', () => {
    const short = {
      accessExpiresAtMs: NOW + 5 * SECOND,
      lifetimeMs: 35 * SECOND,
      lastAttemptStartedAtMs: null,
    };
    expect(decide({ ...short, tokenAtMs: NOW - 29_999 }, HOUR, true)).toEqual(serve);
    expect(decide({ ...short, tokenAtMs: NOW - 30_000 }, HOUR, true)).toEqual(refreshEarly);
  });
  it('does not renew it within 30 s of the last attempt', () => {
    const ending = { accessExpiresAtMs: NOW + 50 * SECOND };
    expect(decide({ ...ending, lastAttemptStartedAtMs: NOW - 29_999 })).toEqual(serve);
    expect(decide({ ...ending, lastAttemptStartedAtMs: NOW - 30_000 })).toEqual(refreshEarly);
  });
  it('does not renew it before the next attempt is allowed', () => {
    const ending = { accessExpiresAtMs: NOW + 50 * SECOND };
    expect(decide({ ...ending, nextAttemptAtMs: NOW + 1 })).toEqual(serve);
    expect(decide({ ...ending, nextAttemptAtMs: NOW })).toEqual(refreshEarly);
  });
  it('tells the lifetime from the row where none was noted', () => {
    const hour = { lifetimeMs: null, tokenAtMs: NOW - 29 * MINUTE, accessExpiresAtMs: NOW + 31 * MINUTE };
    expect(decide(hour, HOUR, true)).toEqual(serve);
    expect(
      decide({ ...hour, tokenAtMs: NOW - 31 * MINUTE, accessExpiresAtMs: NOW + 29 * MINUTE }, HOUR, true),
    ).toEqual(refreshEarly);
    expect(decide({ ...hour, tokenAtMs: null }, HOUR, true)).toEqual(refreshEarly);
  });
  it('renews with trigger reconcile while the generation is in doubt', () => {
    const answer = decide({ accessExpiresAtMs: NOW + 50 * SECOND, doubtSinceMs: NOW - MINUTE });
    expect(answer).toEqual({ kind: 'refresh', trigger: 'reconcile', mustSucceed: false });
  });
});

describe('a request for a token that has ended', () => {
  it('renews it first, whatever its age', () => {
    const answer = decide({
      accessExpiresAtMs: NOW,
      tokenAtMs: NOW - SECOND,
      lastAttemptStartedAtMs: NOW - SECOND,
    });
    expect(answer).toEqual(refreshNow);
  });
  it('counts less than a second left as ended, since expires_in is at least 1', () => {
    expect(decide({ accessExpiresAtMs: NOW + 999 }, 0)).toEqual(refreshNow);
    expect(decide({ accessExpiresAtMs: NOW + 1_000 }, 0)).toEqual(serve);
  });
  it('makes one where none is stored, although no expiry is known', () => {
    expect(decide({ hasAccessToken: false, accessExpiresAtMs: null, tokenAtMs: null })).toEqual(refreshNow);
  });
  it('waits while the next attempt lies ahead', () => {
    const answer = decide({ accessExpiresAtMs: NOW - MINUTE, nextAttemptAtMs: NOW + 7_500 });
    expect(answer).toEqual({ kind: 'wait', retryAfterMs: 7_500 });
  });
  it('waits a whole hour where the provider asked for it', () => {
    const answer = decide({ accessExpiresAtMs: NOW - MINUTE, nextAttemptAtMs: NOW + HOUR });
    expect(answer).toEqual({ kind: 'wait', retryAfterMs: HOUR });
  });
  it('does not wait longer than any plan for an ended token can be', () => {
    expect(decide({ accessExpiresAtMs: NOW, nextAttemptAtMs: NOW + 2 * HOUR })).toEqual(refreshNow);
  });
  it('is told that it is over where nothing can renew it', () => {
    expect(decide({ accessExpiresAtMs: NOW + 500, hasRefreshToken: false })).toEqual({ kind: 'ended' });
    expect(decide({ hasAccessToken: false, hasRefreshToken: false })).toEqual({ kind: 'ended' });
  });
  it('tries on although the refresh token should have ended: the provider decides that', () => {
    expect(decide({ accessExpiresAtMs: NOW, refreshExpiresAtMs: NOW - HOUR })).toEqual(refreshNow);
  });
  it('renews with trigger reconcile while the generation is in doubt', () => {
    const answer = decide({ accessExpiresAtMs: NOW, doubtSinceMs: NOW - HOUR });
    expect(answer).toEqual({ kind: 'refresh', trigger: 'reconcile', mustSucceed: true });
  });
});

describe('a clock that was set back', () => {
  it('leaves a living token alone that was asked for in the future', () => {
    const future = {
      tokenAtMs: NOW + HOUR,
      lastAttemptStartedAtMs: NOW + HOUR,
      accessExpiresAtMs: NOW + 2 * HOUR,
    };
    expect(decide(future, HOUR, true)).toEqual(serve);
  });
  it('renews one that has ended although it was asked for in the future', () => {
    expect(
      decide({ tokenAtMs: NOW + HOUR, lastAttemptStartedAtMs: NOW + HOUR, accessExpiresAtMs: NOW }),
    ).toEqual(refreshNow);
  });
});
