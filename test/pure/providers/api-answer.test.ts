/** What an API's answer says about the token that was sent. */

import { describe, expect, it } from 'vitest';
import { judgeApiAnswer, lossOfPermissionOf } from '#providers/answers/api-answer.ts';
import { NOW_MS, custom, known } from './descriptors.ts';

const judge = (id: string | null, status: number, body: unknown, headers: Record<string, string> = {}) =>
  judgeApiAnswer(
    id === null ? custom() : known(id),
    { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) },
    NOW_MS,
  );

describe('an answer of an API', () => {
  it('is judged by its status where the facts say nothing else', () => {
    expect(judge(null, 200, {})).toEqual({ verdict: 'accepted' });
    expect(judge(null, 302, '')).toEqual({ verdict: 'accepted' });
    expect(judge(null, 401, '<html>')).toEqual({ verdict: 'token_refused', means: 'invalid' });
    expect(judge(null, 403, {})).toEqual({ verdict: 'scope_missing' });
    expect(judge(null, 404, {})).toEqual({ verdict: 'other' });
    expect(judge(null, 503, { error: 'invalid_token' })).toEqual({ verdict: 'other' });
    expect(judge(null, 429, '', { 'Retry-After': '7' })).toEqual({
      verdict: 'throttled',
      retryAfterMs: 7000,
    });
  });

  it('says inside a 200 that the token is dead, where the facts know the signal', () => {
    expect(judge('slack', 200, { ok: false, error: 'token_expired' })).toMatchObject({ means: 'expired' });
    expect(judge('slack', 200, { ok: false, error: 'account_inactive' })).toMatchObject({
      verdict: 'token_refused',
      means: 'account_inactive',
    });
    expect(judge('slack', 200, { ok: false, error: 'channel_not_found' })).toEqual({ verdict: 'accepted' });
    expect(judge('slack', 200, { ok: false, error: 'not_authed' })).toEqual({ verdict: 'other' });
    expect(
      judge('linear', 200, { errors: [{}, { extensions: { code: 'AUTHENTICATION_ERROR' } }] }),
    ).toMatchObject({
      verdict: 'token_refused',
    });
    expect(judge('tiktok-ads', 200, { code: 40_105 })).toMatchObject({ means: 'revoked' });
    expect(judge('hubspot', 200, { error: 'token_expired' })).toEqual({ verdict: 'accepted' });
  });

  it('says something else than its status, where the facts know that', () => {
    expect(judge('figma', 403, { status: 403, err: 'Token expired' })).toMatchObject({ means: 'expired' });
    expect(judge('facebook', 400, { error: { code: 190 } })).toMatchObject({ verdict: 'token_refused' });
    expect(judge('facebook', 400, { error: { code: 100 } })).toEqual({ verdict: 'other' });
    const scope = { code: 401, message: 'Unauthorized; scope does not match' };
    expect(judge('jira', 401, scope)).toEqual({ verdict: 'scope_missing' });
    const limit = [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'x' }];
    expect(judge('salesforce', 403, limit)).toEqual({ verdict: 'other' });
  });

  it('is a lost permission where a fresh session is refused', () => {
    const session = [{ errorCode: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }];
    expect(judge('salesforce', 401, session)).toEqual({ verdict: 'token_refused', means: 'permission_lost' });
    expect(lossOfPermissionOf(known('salesforce'))).toBe(true);
    expect(lossOfPermissionOf(known('hubspot'))).toBe(false);
  });

  it('that was cut or is no JSON carries no signal', () => {
    expect(judge('slack', 200, '{"ok":false,"error":"token_exp')).toEqual({ verdict: 'accepted' });
    expect(judge('figma', 403, 'Token expired')).toEqual({ verdict: 'scope_missing' });
  });
});
