/** What is sent: refresh parameters, credential headers, scopes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { credentialHeaders, parseTokenHeader } from '#providers/requests/headers.ts';
import { refreshRequest } from '#providers/requests/token-request.ts';
import { resolveScopes } from '#providers/scopes/scopes.ts';
import { custom, known } from './descriptors.ts';

const INPUT = { clientId: 'client-1', clientSecret: 's3cret', refreshToken: 'rt-1' };

describe('a refresh request', () => {
  it('is a form post with the client in the body where the provider wants it there', () => {
    expect(refreshRequest(known('hubspot'), INPUT)).toEqual({
      ok: true,
      request: {
        url: 'https://api.hubapi.com/oauth/2026-03/token',
        method: 'POST',
        format: 'form',
        auth: 'client_secret_post',
        grantType: 'refresh_token',
        clientIdParam: 'client_id',
        clientSecretParam: 'client_secret',
        params: {},
        headers: { accept: 'application/json' },
      },
    });
  });

  it('goes to the refresh endpoint where there is one', () => {
    expect(refreshRequest(custom({ refresh_url: 'https://id.example/refresh' }), INPUT)).toMatchObject({
      request: { url: 'https://id.example/refresh' },
    });
  });

  it("names scopes in the provider's way, and only where asked to narrow", () => {
    expect(refreshRequest(known('google'), { ...INPUT, scope: ['a', 'b'] })).toMatchObject({
      request: { params: { scope: 'a b' } },
    });
    expect(refreshRequest(known('slack'), { ...INPUT, scope: ['a', 'b'] })).toMatchObject({
      request: { params: { scope: 'a,b' } },
    });
    expect(refreshRequest(known('google'), { ...INPUT, scope: [] })).toMatchObject({
      request: { params: {} },
    });
    const own = custom({ scope_param: 'user_scope', extra_refresh_params: { user_scope: 'all' } });
    expect(refreshRequest(own, { ...INPUT, scope: ['a'] })).toMatchObject({
      request: { params: { user_scope: 'a' } },
    });
    expect(refreshRequest(own, INPUT)).toMatchObject({ request: { params: { user_scope: 'all' } } });
  });

  it('carries extra parameters, fills their names in, and says which is missing', () => {
    const extra = custom({
      extra_refresh_params: { grant_type: 'x_refresh', type: 'refresh', redirect_uri: '{redirect_uri}' },
    });
    const values = { redirect_uri: 'https://broker.example/cb' };
    expect(refreshRequest(extra, { ...INPUT, values })).toMatchObject({
      request: {
        grantType: 'x_refresh',
        params: { type: 'refresh', redirect_uri: 'https://broker.example/cb' },
      },
    });
    expect(refreshRequest(extra, INPUT)).toEqual({
      ok: false,
      reason: 'missing_value',
      name: 'redirect_uri',
    });
  });

  it('proves nothing where there is no secret', () => {
    expect(refreshRequest(custom(), { ...INPUT, clientSecret: null })).toMatchObject({
      request: { auth: 'none' },
    });
    expect(refreshRequest(custom(), INPUT)).toMatchObject({ request: { auth: 'client_secret_basic' } });
  });

  it('is refused, not thrown, where the descriptor allows none', () => {
    const signed = { ...custom(), token_endpoint_auth_method: 'private_key_jwt' as const };
    expect(refreshRequest(signed, INPUT)).toEqual({
      ok: false,
      reason: 'unsupported_auth_method',
      method: 'private_key_jwt',
    });
    expect(refreshRequest(custom({ auth_type: 'api_key', token_url: undefined }), INPUT)).toEqual({
      ok: false,
      reason: 'no_token_endpoint',
    });
  });

  it('holds neither the refresh token nor the secret', () => {
    expect(JSON.stringify(refreshRequest(custom(), INPUT))).not.toMatch(/s3cret|rt-1/);
  });
});

describe('credential headers', () => {
  const basic = (text: string) => Buffer.from(text).toString('base64');

  it.each([
    ['Authorization: Bearer {access_token}', { access_token: 'at' }, { Authorization: 'Bearer at' }],
    ['Authorization: {access_token}', { access_token: 'at' }, { Authorization: 'at' }],
    ['Authorization: Basic base64({api_key}:)', { api_key: 'k' }, { Authorization: `Basic ${basic('k:')}` }],
    [
      'Authorization: Basic base64({api_key}:X)',
      { api_key: 'k' },
      { Authorization: `Basic ${basic('k:X')}` },
    ],
    [
      'Authorization: Basic base64({email}/token:{api_token})',
      { email: 'a@b.example', api_token: 't' },
      { Authorization: `Basic ${basic('a@b.example/token:t')}` },
    ],
    [
      'Authorization: Basic base64({username}:{password})',
      { username: 'zoë', password: 'p:w ü' },
      { Authorization: `Basic ${basic('zoë:p:w ü')}` },
    ],
    [
      'DD-API-KEY: {api_key}; DD-APPLICATION-KEY: {application_key}',
      { api_key: 'a', application_key: 'b' },
      { 'DD-API-KEY': 'a', 'DD-APPLICATION-KEY': 'b' },
    ],
    [
      'X-K: {api_key}; X-App: fixed; X-User: {user_email}',
      { api_key: 'a', user_email: 'u@x.example' },
      { 'X-K': 'a', 'X-App': 'fixed', 'X-User': 'u@x.example' },
    ],
    [
      'Authorization: OAuth a="{api_key}", t="{access_token}"',
      { api_key: 'k', access_token: 't' },
      { Authorization: 'OAuth a="k", t="t"' },
    ],
    ['X-Team: {team.id}', { 'team.id': 'T1' }, { 'X-Team': 'T1' }],
  ])('of %s are built', (template, values, expected) => {
    expect(credentialHeaders(template, values)).toEqual(expected);
  });

  it('are none where the API takes none', () => {
    expect(credentialHeaders(null, { api_key: 'k' })).toEqual({});
  });

  it.each([['a\r\nX-Evil: 1'], ['a\n'], ['a\0'], ['é'], [''], [' '], [' a'], ['a '], ['a'.repeat(16_385)]])(
    'are null for the value %j',
    (value) => {
      expect(credentialHeaders('Authorization: Bearer {access_token}', { access_token: value })).toBeNull();
    },
  );

  it('are null where a value would leave its quotes, is missing or is inherited', () => {
    expect(
      credentialHeaders('Authorization: OAuth t="{access_token}"', { access_token: 'a", b="c' }),
    ).toBeNull();
    expect(credentialHeaders('Authorization: Bearer {access_token}', {})).toBeNull();
    expect(credentialHeaders('Authorization: Bearer {toString}', {})).toBeNull();
    expect(credentialHeaders('Authorization: Basic base64({a}:)', { a: 'x\r\ny' })).toBeNull();
  });

  it('do not fill in a value twice', () => {
    expect(credentialHeaders('X-A: {a}', { a: '{b}', b: 'secret' })).toEqual({ 'X-A': '{b}' });
  });

  it.each([
    ['no header'],
    ['Host: {a}'],
    ['Content-Length: 5'],
    ['A: {a}; a: {a}'],
    ['A:\r\nB: {a}'],
    ['A b: {a}'],
    [''],
  ])('are not made of the template %j', (template) => {
    expect(parseTokenHeader(template)).toBeNull();
    expect(credentialHeaders(template, { a: 'x' })).toBeNull();
  });

  it('of any value are accepted by the platform as they are, or null', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (value) => {
        for (const template of ['A: {v}', 'A: x {v}', 'A: Basic base64({v}:{v})', 'A: q="{v}"']) {
          const headers = credentialHeaders(template, { v: value });
          if (headers !== null) expect(new Headers(headers).get('a')).toBe(headers['A']);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('short names of scopes', () => {
  it("become the provider's own, each once, in their order", () => {
    expect(resolveScopes(known('slack'), ['history', 'channels:history', 'post', 'unknown'])).toEqual([
      'channels:history',
      'groups:history',
      'im:history',
      'mpim:history',
      'chat:write',
      'unknown',
    ]);
  });

  it('are resolved once, from a table too, and not from its prototype', () => {
    const facts = custom({ scope_aliases: { a: 'b', b: ['c'] } });
    expect(resolveScopes(facts, ['a', 'constructor'])).toEqual(['b', 'constructor']);
  });
});
