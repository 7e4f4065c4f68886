import { expect, it } from 'vitest';
import { isDeadByUnknownError, trackUnknownError } from '#refresh/exchange/unknown-error.ts';
import type { UnknownErrorTrack } from '#refresh/exchange/unknown-error.ts';
import { DAY, HOUR, NOW } from './given.ts';

const track: UnknownErrorTrack = { code: 'odd_error', sinceMs: NOW - DAY, count: 10 };
const ended = { nowMs: NOW, accessExpiresAtMs: NOW - HOUR, hasAccessToken: true };

it('counts the same code from its first appearance', () => {
  const first = trackUnknownError(null, 'odd_error', NOW);
  expect(first).toEqual({ code: 'odd_error', sinceMs: NOW, count: 1 });
  expect(trackUnknownError(first, 'odd_error', NOW + HOUR)).toEqual({
    code: 'odd_error',
    sinceMs: NOW,
    count: 2,
  });
});

it('starts anew with another code', () => {
  expect(trackUnknownError(track, 'other_error', NOW)).toEqual({
    code: 'other_error',
    sinceMs: NOW,
    count: 1,
  });
});

it('forgets the code when an attempt ends without one', () => {
  expect(trackUnknownError(track, null, NOW)).toBeNull();
});

it('starts anew when the clock was set back behind the beginning', () => {
  expect(trackUnknownError(track, 'odd_error', NOW - 2 * DAY)).toMatchObject({
    sinceMs: NOW - 2 * DAY,
    count: 1,
  });
});

it('is death after 24 h and ten attempts with one code, when the access token has ended', () => {
  expect(isDeadByUnknownError(track, ended)).toBe(true);
  expect(isDeadByUnknownError(track, { ...ended, hasAccessToken: false, accessExpiresAtMs: null })).toBe(
    true,
  );
});

it('is not death a moment or an attempt before, nor without a code', () => {
  expect(isDeadByUnknownError({ ...track, sinceMs: NOW - DAY + 1 }, ended)).toBe(false);
  expect(isDeadByUnknownError({ ...track, count: 9 }, ended)).toBe(false);
  expect(isDeadByUnknownError(null, ended)).toBe(false);
});

it('is not death while the access token lives', () => {
  expect(isDeadByUnknownError(track, { ...ended, accessExpiresAtMs: NOW + HOUR })).toBe(false);
  expect(isDeadByUnknownError(track, { ...ended, accessExpiresAtMs: null })).toBe(false);
});
