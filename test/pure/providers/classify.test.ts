/** The rules of classification that are about more than one body: doubt, precedence, sub-codes, evidence. */

import { describe, expect, it } from 'vitest';
import { classify } from '#providers/answers/classify.ts';
import type { ClassifyContext } from '#providers/answers/classify.ts';
import { NOW_MS, custom, response } from './descriptors.ts';

const context = (more: Partial<ClassifyContext> = {}): ClassifyContext => ({
  nowMs: NOW_MS,
  inDoubt: false,
  narrowed: false,
  ...more,
});

describe('doubt', () => {
  it.each(['timeout', 'network', 'too_large'] as const)('is left by a call that ended with %s', (failure) => {
    expect(classify(custom(), { kind: 'failure', failure }, context())).toEqual({
      outcome: 'transient',
      doubt: true,
      retryAfterMs: null,
      providerError: null,
      evidence: [failure],
    });
  });

  it.each(['blocked', 'forbidden_address', 'unresolved_name', 'resolver_failed'] as const)(
    'is not left by a call that was stopped before it left: %s',
    (failure) => {
      expect(classify(custom(), { kind: 'failure', failure }, context())).toMatchObject({
        outcome: 'transient',
        doubt: false,
        evidence: [failure],
      });
    },
  );

  it('is left by a cut 403, because a page and an OAuth error cannot be told apart there', () => {
    expect(classify(custom(), response(403, '{"error":"inv'), context())).toMatchObject({
      outcome: 'transient',
      doubt: true,
    });
  });

  it('is not left by a 403 page that is longer than what is read', () => {
    const answer = { ...response(403, `<html>${'x'.repeat(70_000)}`), truncated: true };
    expect(classify(custom(), answer, context())).toMatchObject({ outcome: 'transient', doubt: false });
  });

  it('reads a whole object of an answer that was cut behind it', () => {
    const answer = { ...response(200, { access_token: 'at-2', expires_in: 60 }), truncated: true };
    expect(classify(custom(), answer, context())).toMatchObject({ outcome: 'refreshed' });
  });
});

describe('a lost successor', () => {
  const invalidGrant = response(400, { error: 'invalid_grant' });

  it.each([['rotating'], ['optional'], [undefined]])(
    'is the reason in doubt where refresh_token is %s',
    (kind) => {
      const descriptor = custom(kind === undefined ? {} : { refresh_token: kind });
      expect(classify(descriptor, invalidGrant, context({ inDoubt: true }))).toMatchObject({
        reason: 'rotation_response_lost',
      });
    },
  );

  it.each([['static'], ['none']])('cannot be the reason where refresh_token is %s', (kind) => {
    expect(classify(custom({ refresh_token: kind }), invalidGrant, context({ inDoubt: true }))).toMatchObject(
      {
        reason: 'grant_revoked',
      },
    );
  });

  it('is not blamed for a rejected client', () => {
    const answer = response(401, { error: 'invalid_client' });
    expect(classify(custom(), answer, context({ inDoubt: true }))).toMatchObject({
      outcome: 'client_rejected',
    });
  });
});

describe('the tables of a descriptor', () => {
  const row = (more: Record<string, unknown>) => ({
    status: 400,
    error: 'invalid_grant',
    recovery: 'reauthorize_user',
    ...more,
  });

  it('prefer a row whose text matches over one without a text, in either table', () => {
    const descriptor = custom({
      terminal_refresh_errors: [row({})],
      transient_refresh_errors: [
        row({ description_contains: 'already being processed', recovery: 'retry_with_backoff' }),
      ],
    });
    const busy = response(400, {
      error: 'invalid_grant',
      error_description: 'Token request is ALREADY being processed',
    });
    expect(classify(descriptor, busy, context())).toMatchObject({
      outcome: 'transient',
      doubt: false,
      providerError: 'invalid_grant',
    });
    expect(classify(descriptor, response(400, { error: 'invalid_grant' }), context())).toMatchObject({
      outcome: 'grant_dead',
    });
  });

  it('prefer a terminal row with a text over a transient one without', () => {
    const descriptor = custom({
      terminal_refresh_errors: [row({ error: 'busy', description_contains: 'for ever' })],
      transient_refresh_errors: [row({ error: 'busy', recovery: 'retry_with_backoff' })],
    });
    expect(
      classify(descriptor, response(400, { error: 'busy', message: 'for ever' }), context()),
    ).toMatchObject({ outcome: 'grant_dead' });
    expect(classify(descriptor, response(400, { error: 'busy' }), context())).toMatchObject({
      outcome: 'transient',
    });
  });

  it('prefer transient over terminal where both say the same', () => {
    const descriptor = custom({
      terminal_refresh_errors: [row({})],
      transient_refresh_errors: [row({ recovery: 'retry_with_backoff' })],
    });
    expect(classify(descriptor, response(400, { error: 'invalid_grant' }), context())).toMatchObject({
      outcome: 'transient',
    });
  });

  it('prefer transient over terminal where the text of both matches, however long', () => {
    const descriptor = custom({
      terminal_refresh_errors: [row({ description_contains: 'processed by another' })],
      transient_refresh_errors: [row({ description_contains: 'processed', recovery: 'retry_with_backoff' })],
    });
    const answer = response(400, { error: 'invalid_grant', error_description: 'being processed by another' });
    expect(classify(descriptor, answer, context())).toMatchObject({ outcome: 'transient' });
  });

  it('are not asked about a 425 or a 408, whose request may come again', () => {
    const descriptor = custom({ terminal_refresh_errors: [row({ status: null })] });
    for (const status of [425, 408]) {
      const classified = classify(descriptor, response(status, { error: 'invalid_grant' }), context());
      expect(classified).toMatchObject({ outcome: 'transient', doubt: status === 408 });
    }
    expect(classify(descriptor, response(403, { error: 'invalid_grant' }), context())).toMatchObject({
      outcome: 'grant_dead',
    });
  });

  it('prefer numbers over texts, and a longer text over one that it contains', () => {
    const descriptor = custom({
      terminal_refresh_errors: [
        row({ description_contains: 'AADSTS70008', error_codes: [70008], reason: 'refresh_token_expired' }),
        row({ description_contains: 'AADSTS700082', error_codes: [700082], reason: 'refresh_token_idle' }),
      ],
    });
    const text = 'AADSTS700082: The refresh token has expired due to inactivity.';
    const numbered = response(400, { error: 'invalid_grant', error_description: text, error_codes: [70008] });
    expect(classify(descriptor, numbered, context())).toMatchObject({
      reason: 'refresh_token_expired',
      evidence: ['error_code_70008'],
    });
    const unnumbered = response(400, { error: 'invalid_grant', error_description: text });
    expect(classify(descriptor, unnumbered, context())).toMatchObject({
      reason: 'refresh_token_idle',
      evidence: [],
    });
  });

  it('find nested codes and codes in lists', () => {
    const descriptor = custom({
      terminal_refresh_errors: [
        row({ error: '190', field: 'error.code' }),
        row({ status: 401, error: 'ACCESS_TOKEN_REVOKED', field: 'errors[].code' }),
      ],
    });
    const nested = response(400, {
      error: { message: 'Session has expired', type: 'OAuthException', code: 190 },
    });
    expect(classify(descriptor, nested, context())).toMatchObject({
      outcome: 'grant_dead',
      providerError: '190',
    });
    const listed = response(401, { errors: [{ code: 'X' }, { code: 'ACCESS_TOKEN_REVOKED' }] });
    expect(classify(descriptor, listed, context())).toMatchObject({
      outcome: 'grant_dead',
      providerError: 'ACCESS_TOKEN_REVOKED',
    });
  });

  it('need every further condition of a row', () => {
    const descriptor = custom({
      terminal_refresh_errors: [
        row({
          error: 'Bad Request',
          field: 'message',
          also: [{ path: 'errors[].resource', equals: 'RefreshToken' }],
        }),
      ],
    });
    const about = (resource: string) =>
      response(400, { message: 'Bad Request', errors: [{ resource, code: 'invalid' }] });
    expect(classify(descriptor, about('RefreshToken'), context())).toMatchObject({
      outcome: 'grant_dead',
      providerError: 'Bad_Request',
    });
    expect(classify(descriptor, about('Activity'), context())).toMatchObject({ outcome: 'transient' });
  });

  it('make a 403 with invalid_grant count where they list one, also in other words', () => {
    const descriptor = custom({
      terminal_refresh_errors: [row({ status: 403, description_contains: 'Unknown or invalid' })],
    });
    const answer = response(403, { error: 'invalid_grant', error_description: 'Refresh token expired' });
    expect(classify(descriptor, answer, context())).toMatchObject({ outcome: 'grant_dead' });
  });

  it('say with a row by status alone what a JSON answer means, and never a page', () => {
    const descriptor = custom({
      terminal_refresh_errors: [row({ status: 404, error: null, recovery: 'contact_tenant_admin' })],
    });
    expect(classify(descriptor, response(404, { errors: 'Not Found' }), context())).toMatchObject({
      reason: 'admin_policy',
    });
    expect(classify(descriptor, response(404, '<html>Not Found'), context())).toMatchObject({
      outcome: 'transient',
      doubt: true,
    });
  });

  it('throttle without a 429 where a row says so', () => {
    const descriptor = custom({
      transient_refresh_errors: [
        row({
          error: 'Access Denied',
          description_contains: 'too many requests',
          recovery: 'retry_with_backoff',
          throttle: true,
        }),
      ],
    });
    const answer = response(
      400,
      { error: 'Access Denied', error_description: 'You have made too many requests' },
      { 'retry-after': '7' },
    );
    expect(classify(descriptor, answer, context())).toEqual({
      outcome: 'throttled',
      doubt: false,
      retryAfterMs: 7000,
      providerError: 'Access_Denied',
    });
  });

  it('do not judge a refresh by what only an exchange of a code answers', () => {
    const descriptor = custom({ terminal_refresh_errors: [row({ error: 'bad_code', exchange_only: true })] });
    expect(classify(descriptor, response(400, { error: 'bad_code' }), context())).toMatchObject({
      outcome: 'transient',
    });
  });

  it('judge by the body alone where errors come with 200', () => {
    const descriptor = custom({
      errors_with_http_200: true,
      token_response_success_check: { present: 'access_token' },
    });
    expect(classify(descriptor, response(200, { error: 'invalid_grant' }), context())).toMatchObject({
      outcome: 'grant_dead',
    });
    expect(classify(descriptor, response(200, { error: 'odd' }), context())).toMatchObject({
      outcome: 'transient',
      doubt: true,
    });
    expect(classify(descriptor, response(200, '<html>'), context())).toMatchObject({ outcome: 'malformed' });
  });
});

describe('what is passed on', () => {
  it('holds none of a malformed body, not even the names of its fields', () => {
    const body = { access_token: 7, 'secret-name-9': 'secret-value-9', error_description: 'secret-text-9' };
    const classified = classify(custom(), response(200, body), context());
    expect(classified).toMatchObject({ outcome: 'malformed', providerError: null });
    expect(JSON.stringify(classified)).not.toMatch(/secret/);
    expect(classified).toMatchObject({
      evidence: expect.arrayContaining(['access_token:number', 'other_keys:1']) as unknown,
    });
  });

  it.each([
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'],
    ['hex', '9f86d081884c7d659a2feaa0c55ad015'],
    ['a UUID', '3f2504e0-4f89-11d3-9a0c-0305e82c3301'],
    ['base62', 'aB3dE5fG7hI9jK1lM3nO5pQ7'],
    ['prose', 'your refresh token rt is not one that we know'],
    ['markup', '<script>alert(1)</script>'],
    ['control characters', 'invalid\r\ngrant'],
  ])('is no code that is %s', (_, error) => {
    const classified = classify(custom(), response(400, { error }), context());
    expect(classified).toMatchObject({ outcome: 'transient', providerError: null, evidence: ['http_400'] });
  });

  it('cuts a code after 100 characters', () => {
    const error = Array.from({ length: 12 }, () => 'abcdefghijk').join('_');
    const classified = classify(custom(), response(400, { error }), context());
    expect(classified).toMatchObject({ providerError: error.slice(0, 100) });
  });
});
