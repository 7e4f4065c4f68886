/** What a workload's token says of itself: its form, its head and its times, to the millisecond. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headProblem, isJwt, readToken, timeProblem, type WorkloadToken } from '#callers/workload/token.ts';

const NOW_S = 1_800_000_000;
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const CLAIMS = { iss: 'https://issuer.example', sub: 'a', aud: 'b' };
const text = (claims: object, header: object = { alg: 'RS256' }): string =>
  `${encoded(header)}.${encoded(claims)}.c2ln`;

function token(claims: object = {}, header?: object): WorkloadToken {
  const read = readToken(text({ ...CLAIMS, exp: NOW_S + 600, ...claims }, header));
  if (read === null) throw new Error('expected a token');
  return read;
}

it('no text makes the reader throw, and none but three parts of base64url has the form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string().map(encoded), fc.json()), (some) => {
      for (const one of [some, `${some}.${some}.x`, `${encoded(some)}.${encoded(some)}.x`]) {
        expect(() => readToken(one)).not.toThrow();
        expect(isJwt(one)).toBe(/^[\w-]+\.[\w-]+\.[\w-]*$/.test(one));
      }
    }),
  );
});

it.each([
  ['no issuer', { sub: 'a', aud: 'b' }],
  ['an issuer that is no text', { ...CLAIMS, iss: 5 }],
  ['no subject', { iss: 'i', aud: 'b' }],
  ['a subject with a space', { ...CLAIMS, sub: 'a b' }],
  ['a subject that is too long', { ...CLAIMS, sub: 'a'.repeat(513) }],
  ['no audience', { iss: 'i', sub: 'a' }],
  ['two audiences', { ...CLAIMS, aud: ['b', 'c'] }],
  ['the same audience twice', { ...CLAIMS, aud: ['b', 'b'] }],
  ['no audience in a list', { ...CLAIMS, aud: [] }],
  ['a list in a list', { ...CLAIMS, aud: [['b']] }],
  ['claims that are a list', []],
  ['claims that are nothing', null],
])('a token with %s names nobody', (_what, claims) => {
  expect(readToken(text(claims as object))).toBeNull();
});

it('a text of more than 16 KiB is no token, wherever it stands', () => {
  const text = (length: number) => `${'a'.repeat(length - 4)}.b.c`;
  expect(isJwt(text(16_384))).toBe(true);
  expect(isJwt(text(16_385))).toBe(false);
});

it('one audience in a list is that audience', () => {
  expect(token({ aud: ['b'] }).audience).toBe('b');
});

describe('the head', () => {
  it.each([
    [{ alg: 'none' }, 'token_algorithm'],
    [{ alg: 'HS256' }, 'token_algorithm'],
    [{ alg: 'rs256' }, 'token_algorithm'],
    [{ alg: ['RS256'] }, 'token_algorithm'],
    [{}, 'token_algorithm'],
    [{ alg: 'RS256', typ: 'at+jwt' }, 'token_type'],
    [{ alg: 'RS256', typ: 'jwt' }, 'token_type'],
    [{ alg: 'RS256', typ: null }, 'token_type'],
    [{ alg: 'RS256', crit: [] }, 'token_critical'],
    [{ alg: 'RS256', b64: false }, 'token_critical'],
    [{ alg: 'RS256' }, null],
    [{ alg: 'ES256', typ: 'JWT', jku: 'https://evil.example', jwk: {}, x5u: 'x', x5c: [] }, null],
  ])('%j: %s', (header, problem) => {
    expect(headProblem(token({}, header))).toBe(problem);
  });
});

describe('the times', () => {
  const problem = (claims: object, nowMs = NOW_S * 1000) => timeProblem(token(claims), nowMs);

  it('take a minute on either side, and no millisecond more', () => {
    expect(problem({ exp: NOW_S - 59.999 })).toBeNull();
    expect(problem({ exp: NOW_S - 60 })).toBe('token_expired');
    expect(problem({ nbf: NOW_S + 60 })).toBeNull();
    expect(problem({ nbf: NOW_S + 60.001 })).toBe('token_not_yet_valid');
    expect(problem({ iat: NOW_S + 60 })).toBeNull();
    expect(problem({ iat: NOW_S + 60.001 })).toBe('token_not_yet_valid');
  });

  it('take a day, with the same minute', () => {
    expect(problem({ exp: NOW_S + 86_460 })).toBeNull();
    expect(problem({ exp: NOW_S + 86_460.001 })).toBe('token_lives_too_long');
    expect(problem({ iat: NOW_S - 86_460 })).toBeNull();
    expect(problem({ iat: NOW_S - 86_460.001 })).toBe('token_lives_too_long');
  });

  it('that are not numbers are none', () => {
    for (const bad of ['1', null, true, [], {}]) {
      expect(problem({ exp: bad })).toBe('token_expired');
      expect(problem({ iat: bad })).toBe('token_expired');
      expect(problem({ nbf: bad })).toBe('token_expired');
    }
    expect(problem({ exp: undefined })).toBe('token_expired');
  });

  it('never let a token in for longer than a day, whatever it says', () => {
    const seconds = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(seconds, seconds, fc.nat(200_000), (exp, iat, laterS) => {
        const claims = { exp: NOW_S + exp, iat: NOW_S + iat };
        if (problem(claims) !== null) return;
        const later = problem(claims, (NOW_S + laterS) * 1000);
        if (laterS > 86_400 + 120) expect(later).not.toBeNull();
      }),
    );
  });
});
