/** Reading tokens: fields, lifetimes, scopes, captured values, and what is refused. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTokens } from '#providers/answers/answer.ts';
import { NOW_MS, custom, known } from './descriptors.ts';

const read = (body: unknown, config: Record<string, unknown> = {}, requestedScopes?: string[]) =>
  readTokens(custom(config), body, { nowMs: NOW_MS, requestedScopes });

/** An unsigned token: nothing that is read here depends on a signature. */
const jwt = (claims: unknown): string =>
  [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') +
  '.c2ln';

describe('the life of an access token', () => {
  const lifetime = (body: Record<string, unknown>, config: Record<string, unknown> = {}) =>
    read({ access_token: 'at-2', ...body }, config)?.lifetimeMs;

  it.each([
    ['a number', 1800, 1_800_000],
    ['a text', '1800', 1_800_000],
    ['a text with spaces', ' 1800 ', 1_800_000],
    ['a fraction', 1800.9, 1_800_900],
    ['ten years', 315_360_000, 315_360_000_000],
    ['one second more than ten years', 315_360_001, 300_000],
    ['zero', 0, 300_000],
    ['zero as text', '0', 300_000],
    ['half a second', 0.5, 300_000],
    ['negative', -5, 300_000],
    ['negative as text', '-5', 300_000],
    ['an empty text', '', 300_000],
    ['words', '1 hour', 300_000],
    ['a power', '1e3', 300_000],
    ['a boolean', true, 300_000],
    ['an object', {}, 300_000],
    ['a list', [3600], 300_000],
    ['beyond every number', Infinity, 300_000],
    ['not a number', Number.NaN, 300_000],
    ['null, which is missing', null, 3_600_000],
  ])('is read from expires_in that is %s', (_, value, expected) => {
    expect(lifetime({ expires_in: value })).toBe(expected);
  });

  it('is one hour where neither the answer nor the facts say anything', () => {
    expect(lifetime({})).toBe(3_600_000);
    expect(lifetime({}, { access_token_never_expires: false })).toBe(3_600_000);
  });

  it('is that of the facts where the answer says nothing', () => {
    expect(lifetime({}, { access_token_ttl_s: 900 })).toBe(900_000);
  });

  it.each([[true], ['when_no_expires_in']])(
    'is endless without expires_in where the facts say %s',
    (never) => {
      expect(lifetime({}, { access_token_never_expires: never, access_token_ttl_s: 900 })).toBeNull();
      expect(lifetime({ expires_in: 60 }, { access_token_never_expires: never })).toBe(60_000);
      expect(lifetime({ expires_in: 0 }, { access_token_never_expires: never })).toBe(300_000);
    },
  );

  it('is endless for zero only where the facts say so', () => {
    expect(lifetime({ expires_in: 0 }, { expires_in_zero: 'never' })).toBeNull();
    expect(lifetime({ expires_in: '0' }, { expires_in_zero: 'never' })).toBeNull();
    expect(lifetime({ expires_in: -1 }, { expires_in_zero: 'never' })).toBe(300_000);
  });

  it.each([
    ['epoch seconds', NOW_MS / 1000 + 90],
    ['epoch seconds as text', String(NOW_MS / 1000 + 90)],
    ['epoch milliseconds', NOW_MS + 90_000],
    ['ISO', '2026-11-21T10:01:30Z'],
    ['ISO with an offset', '2026-11-21T12:01:30+02:00'],
    ['ISO without a zone', '2026-11-21T10:01:30'],
    ['ISO with a fraction', '2026-11-21T10:01:30.000Z'],
  ])('is read from an absolute time in %s where the map names one', (_, value) => {
    const map = { access_token: 'access_token', expires_in: null, expires_at: 'expiresAt' };
    expect(lifetime({ expiresAt: value }, { token_response_map: map })).toBe(90_000);
  });

  it.each([['2020-01-01T00:00:00Z'], ['tomorrow'], [-4], [{}], ['9999-01-01T00:00:00Z']])(
    'is five minutes where the absolute time is %s',
    (value) => {
      const map = { access_token: 'access_token', expires_in: null, expires_at: 'expiresAt' };
      expect(lifetime({ expiresAt: value }, { token_response_map: map })).toBe(300_000);
    },
  );

  it('believes an expires_in that appears although the map expects none', () => {
    expect(
      lifetime(
        { expires_in: 60 },
        { token_response_map: { access_token: 'access_token', expires_in: null } },
      ),
    ).toBe(60_000);
  });

  it('ends with the exp of a JWT where that is earlier, and not where it is later', () => {
    const expiring = (seconds: number) => jwt({ exp: NOW_MS / 1000 + seconds });
    expect(read({ access_token: expiring(120), expires_in: 3600 })?.lifetimeMs).toBe(120_000);
    expect(read({ access_token: expiring(7200), expires_in: 3600 })?.lifetimeMs).toBe(3_600_000);
    expect(read({ access_token: expiring(120) }, { access_token_never_expires: true })?.lifetimeMs).toBe(
      120_000,
    );
    expect(read({ access_token: expiring(-60), expires_in: 3600 })?.lifetimeMs).toBe(300_000);
    expect(read({ access_token: expiring(-60), expires_in: 30 })?.lifetimeMs).toBe(30_000);
  });

  it.each([
    ['no exp', jwt({})],
    ['exp as text', jwt({ exp: 'soon' })],
    ['claims that are no object', jwt([1])],
    ['claims that are no JSON', 'eyJhbGciOiJub25lIn0.e30x.c2ln'],
    ['parts that are no base64url', 'a!.b?.c'],
    ['empty parts', '..'],
    ['five parts', 'a.b.c.d.e'],
    ['accents in its claims', jwt({ name: 'Zoë', exp: null })],
  ])('ignores a JWT with %s', (_, token) => {
    expect(read({ access_token: token, expires_in: 60 })?.lifetimeMs).toBe(60_000);
  });

  it('reads exp past claims that are not ASCII', () => {
    expect(
      read({ access_token: jwt({ name: 'Zoë 東', exp: NOW_MS / 1000 + 10 }), expires_in: 60 })?.lifetimeMs,
    ).toBe(10_000);
  });
});

describe('the fields of an answer', () => {
  it('are found where the map says', () => {
    const map = {
      access_token: 'body.access_token',
      refresh_token: 'body.refresh_token',
      expires_in: 'body.expires_in',
      scope: 'body.scope',
    };
    const body = {
      status: 0,
      body: {
        access_token: 'at-2',
        refresh_token: 'rt-2',
        expires_in: 10_800,
        scope: 'user.info,user.metrics',
      },
    };
    const config = { token_response_map: map, token_response_success_check: { path: 'status', equals: 0 } };
    expect(read(body, config)).toMatchObject({
      accessToken: 'at-2',
      refreshToken: 'rt-2',
      lifetimeMs: 10_800_000,
      scopes: ['user.info', 'user.metrics'],
    });
    expect(read({ ...body, status: '0' }, config)).toBeNull();
  });

  it('come from one alternative: the user token is not paired with the refresh token of the bot', () => {
    const both = (field: string) => `authed_user.${field} | ${field}`;
    const map = {
      access_token: both('access_token'),
      refresh_token: both('refresh_token'),
      expires_in: both('expires_in'),
      scope: both('scope'),
    };
    const user = { access_token: 'xoxp-2', scope: 'search:read' };
    const bot = {
      access_token: 'xoxb-2',
      refresh_token: 'xoxe-bot',
      expires_in: 43_200,
      scope: 'chat:write',
    };
    const config = { token_response_map: map, access_token_never_expires: 'when_no_expires_in' };
    expect(read({ ...bot, authed_user: user }, config)).toMatchObject({
      accessToken: 'xoxp-2',
      refreshToken: null,
      scopes: ['search:read'],
    });
    expect(read(bot, config)).toMatchObject({
      accessToken: 'xoxb-2',
      refreshToken: 'xoxe-bot',
      lifetimeMs: 43_200_000,
    });
  });

  it.each([
    ['a space', 'a b'],
    ['a line break', 'a\nb'],
    ['a tab', 'a\tb'],
    ['a null byte', 'a\0b'],
    ['an accent', 'é'],
    ['nothing', ''],
    ['16 KiB and one', 'a'.repeat(16_385)],
    ['a number', 7],
    ['a list', ['a']],
    ['an object', {}],
    ['null', null],
  ])('are no token set when the access token is or has %s', (_, token) => {
    expect(read({ access_token: token })).toBeNull();
  });

  it('take an access token of exactly 16 KiB', () => {
    expect(read({ access_token: 'a'.repeat(16_384) })?.accessToken).toHaveLength(16_384);
  });

  it.each([[null], [''], ['  '], [7], [{}], [['rt']], ['rt\n2'], ['r'.repeat(16_385)], ['\ud800']])(
    'have no refresh token when it is %j',
    (refreshToken) => {
      expect(read({ access_token: 'at-2', refresh_token: refreshToken })?.refreshToken).toBeNull();
    },
  );

  it.each([
    [undefined, 'Bearer'],
    ['bearer', 'bearer'],
    ['bot', 'bot'],
    ['urn:ietf:params:oauth:token-type:x', 'urn:ietf:params:oauth:token-type:x'],
    [7, 'Bearer'],
    ['a b', 'Bearer'],
    ['', 'Bearer'],
  ])('call a token type %j %s', (tokenType, expected) => {
    expect(read({ access_token: 'at-2', token_type: tokenType })?.tokenType).toBe(expected);
  });

  it.each([
    ['a b', ' ', ['a', 'b']],
    ['a,b', ',', ['a', 'b']],
    ['a b', ',', ['a', 'b']],
    ['a,b', ' ', ['a', 'b']],
    ['a, b', ' ', ['a', 'b']],
    ['a+b', '+', ['a', 'b']],
    [['a', 'b'], ' ', ['a', 'b']],
    [['a b', 7, null, 'c'], ' ', ['a', 'b', 'c']],
    ['a a', ' ', ['a']],
  ])('hold scopes %j (separator %j) as %j', (scope, separator, expected) => {
    expect(read({ access_token: 'at-2', scope }, { scope_separator: separator })?.scopes).toEqual(expected);
  });

  it.each([[undefined], [null]])('say nothing about scopes with %j: as asked, or unknown', (scope) => {
    expect(read({ access_token: 'at-2', scope })?.scopes).toBeNull();
    expect(read({ access_token: 'at-2', scope }, {}, ['a'])?.scopes).toEqual(['a']);
  });

  it.each([[''], [' '], [[]], [7], [{}]])(
    'name no scope with %j: then it is not known what was granted, and it is not all that was asked',
    (scope) => {
      expect(read({ access_token: 'at-2', scope }, {}, ['a'])?.scopes).toBeNull();
    },
  );

  it('hold the life of a refresh token where the answer states one that makes sense', () => {
    const config = {
      token_response_map: {
        access_token: 'access_token',
        refresh_token_expires_in: 'x_refresh_token_expires_in',
      },
    };
    const life = (value: unknown) =>
      read({ access_token: 'at-2', x_refresh_token_expires_in: value }, config)?.refreshLifetimeMs;
    expect([life(100), life('100'), life(0), life(-1), life('x'), life(undefined)]).toEqual([
      100_000,
      100_000,
      null,
      null,
      null,
      null,
    ]);
  });

  it('hold captured scalars by their path, and nothing else of the body', () => {
    const body = {
      access_token: 'at-2',
      instance_url: 'https://x.example',
      id: 7,
      team: { id: 'T1', name: 'a\nb' },
      webhook: { url: 's' },
    };
    const config = {
      capture_from_token_response: [
        'instance_url',
        'id',
        'team.id',
        'team.name',
        'webhook',
        'absent',
        'constructor',
      ],
    };
    expect(read(body, config)?.captured).toEqual({
      instance_url: 'https://x.example',
      id: '7',
      'team.id': 'T1',
    });
  });

  it('need what the success check asks for', () => {
    const slack = known('slack');
    const body = { access_token: 'xoxb-1' };
    const context = { nowMs: NOW_MS };
    expect(readTokens(slack, { ok: true, ...body }, context)).not.toBeNull();
    expect(readTokens(slack, { ok: 'true', ...body }, context)).toBeNull();
    expect(read({ error: 'x', ...body }, { token_response_success_check: { absent: 'error' } })).toBeNull();
    expect(
      read({ error: null, ...body }, { token_response_success_check: { absent: 'error' } }),
    ).not.toBeNull();
  });

  it('are read from anything without an exception, and never with an impossible life', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (body, value) => {
        read(body);
        const tokens = read({
          access_token: 'at-2',
          expires_in: value,
          refresh_token: value,
          scope: value,
          token_type: value,
        });
        const life = tokens?.lifetimeMs;
        expect(life === null || (Number.isInteger(life) && Number(life) >= 1000)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
