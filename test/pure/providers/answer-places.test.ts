/**
 * Where in an answer a field is read, in what form, and how exactly: for every entry of the catalogue, with its own map,
 * tables and captured values.
 */

import { describe, expect, it } from 'vitest';
import { readTokens } from '#providers/answers/answer.ts';
import { parseBody } from '#providers/answers/body.ts';
import { allDescriptors } from '#providers/catalogue/catalogue.ts';
import { classify } from '#providers/answers/classify.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { identityOf } from '#providers/identity.ts';
import { NOW_MS, custom, known, response } from './descriptors.ts';

const CONTEXT = { nowMs: NOW_MS, inDoubt: false, narrowed: false };

/** A body with `value` at `path` (`a.b`, `a[0].b`). */
function put(body: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path
    .split('.')
    .flatMap((part) => [
      part.split('[', 1)[0] ?? '',
      ...[...part.matchAll(/\[(\d*)\]/g)].map((m) => Number(m[1] || 0)),
    ]);
  let at: Record<string | number, unknown> = body;
  for (const [index, step] of steps.entries()) {
    if (index === steps.length - 1) at[step] = value;
    else {
      at[step] ??= typeof steps[index + 1] === 'number' ? [] : {};
      at = at[step] as Record<string | number, unknown>;
    }
  }
}

/** What makes the body a success at this provider. */
function succeed(descriptor: Descriptor, body: Record<string, unknown>): void {
  const check = descriptor.token_response_success_check;
  if (check !== null && 'path' in check) put(body, check.path, check.equals);
  if (check !== null && 'present' in check) put(body, check.present, 'x');
}

const firstOf = (expression: string): string => expression.split('|')[0]?.trim() ?? '';
const parentOf = (path: string): string => path.split('.').slice(0, -1).join('.');
const under = (parent: string, field: string): string => (parent === '' ? field : `${parent}.${field}`);

/** One token at one place that is both: what is said of two places does not hold of it. */
const isOneToken = ({ token_response_map: map }: Descriptor): boolean =>
  map !== null && map.refresh_token === map.access_token;
const issuing = allDescriptors().filter((one) => one.token_url !== null && !isOneToken(one));
const tokenPath = (descriptor: Descriptor): string =>
  firstOf(descriptor.token_response_map?.access_token ?? 'access_token');

describe('the fields beside a token', () => {
  it('are read where the token stands, at every provider', () => {
    for (const descriptor of issuing) {
      const body: Record<string, unknown> = {};
      const map: Partial<NonNullable<Descriptor['token_response_map']>> = descriptor.token_response_map ?? {};
      const parent = parentOf(tokenPath(descriptor));
      const place = (field: 'refresh_token' | 'expires_in' | 'scope'): string =>
        map[field] === undefined || map[field] === null ? under(parent, field) : firstOf(map[field]);
      succeed(descriptor, body);
      put(body, tokenPath(descriptor), 'at-own');
      put(body, under(parent, 'token_type'), 'own');
      put(body, place('expires_in'), 4321);
      if (map.refresh_token !== null) put(body, place('refresh_token'), 'rt-own');
      if (map.scope !== null) put(body, place('scope'), 'own:scope');
      const tokens = readTokens(descriptor, body, { nowMs: NOW_MS });
      expect(tokens, descriptor.id).toMatchObject({ accessToken: 'at-own', tokenType: 'own' });
      if (map.expires_at == null) expect(tokens?.lifetimeMs, descriptor.id).toBe(4_321_000);
      if (map.refresh_token !== null) expect(tokens?.refreshToken, descriptor.id).toBe('rt-own');
      if (map.scope !== null) expect(tokens?.scopes, descriptor.id).toEqual(['own:scope']);
    }
  });

  it('are not those of another token that stands at the top', () => {
    const slack = known('slack-user');
    const body = {
      ok: true,
      access_token: 'xoxb-2',
      token_type: 'bot',
      expires_in: 43_200,
      refresh_token: 'xoxe-bot',
      scope: 'chat:write',
      authed_user: { access_token: 'xoxp-2', token_type: 'user' },
    };
    const tokens = readTokens(slack, body, { nowMs: NOW_MS });
    expect(tokens).toMatchObject({ accessToken: 'xoxp-2', tokenType: 'user', refreshToken: null });
    expect(tokens?.lifetimeMs).not.toBe(43_200_000);
    expect(tokens?.scopes).toBeNull();
  });

  it('are found where only the access token was mapped', () => {
    const nested = custom({ token_response_map: { access_token: 'data.access_token' } });
    const body = {
      code: 0,
      data: { access_token: 'at', refresh_token: 'rt', expires_in: 60, scope: 'a', token_type: 'mac' },
    };
    expect(readTokens(nested, body, { nowMs: NOW_MS })).toMatchObject({
      accessToken: 'at',
      refreshToken: 'rt',
      lifetimeMs: 60_000,
      scopes: ['a'],
      tokenType: 'mac',
    });
    const outside = { data: { access_token: 'at' }, refresh_token: 'rt', expires_in: 60, token_type: 'mac' };
    expect(readTokens(nested, outside, { nowMs: NOW_MS })).toMatchObject({
      refreshToken: 'rt',
      lifetimeMs: 60_000,
      tokenType: 'mac',
    });
  });
});

describe('an error that is form-encoded', () => {
  const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

  it('means what the same error means as JSON, for every row of every provider that a form can say', () => {
    let compared = 0;
    for (const descriptor of issuing) {
      for (const row of [...descriptor.terminal_refresh_errors, ...descriptor.transient_refresh_errors]) {
        const flat =
          (row.field ?? 'error') === 'error' && row.also === undefined && row.error_codes === undefined;
        if (!flat || row.error === null || typeof row.status !== 'number' || row.status >= 500) continue;
        const fields: Record<string, string> = {
          error: row.error,
          ...(row.error_subtype === undefined ? {} : { error_subtype: row.error_subtype }),
          ...(row.description_contains === null ? {} : { error_description: row.description_contains }),
        };
        const type = { 'content-type': 'application/x-www-form-urlencoded' };
        expect(
          classify(descriptor, response(row.status, form(fields), type), CONTEXT),
          descriptor.id,
        ).toEqual(classify(descriptor, response(row.status, fields), CONTEXT));
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('under 200 is told as an error where the provider is known to answer so', () => {
    const body = form({
      error: 'bad_refresh_token',
      error_description: 'The refresh token passed is incorrect or expired.',
    });
    expect(classify(known('github-app-user'), response(200, body), CONTEXT)).toMatchObject({
      outcome: 'grant_dead',
      providerError: 'bad_refresh_token',
    });
  });
});

describe('an error under 200 at a provider that is not known for it', () => {
  const plain = issuing.filter((descriptor) => !descriptor.errors_with_http_200);

  it.each([
    ['JSON', JSON.stringify({ error: 'invalid_grant', error_description: 'no' })],
    ['a form', 'error=invalid_grant&error_description=no'],
    ['an ok that is false', JSON.stringify({ ok: false, error: 'invalid_grant' })],
    ['a list of errors', JSON.stringify({ errors: [{ code: 'invalid_grant', message: 'no' }] })],
  ])('as %s is malformed, with its code and its shape, at every provider', (_, body) => {
    expect(plain.length).toBeGreaterThan(50);
    for (const descriptor of plain) {
      const classified = classify(descriptor, response(200, body), CONTEXT);
      expect(classified, descriptor.id).toMatchObject({
        outcome: 'malformed',
        doubt: true,
        providerError: 'invalid_grant',
      });
      expect(JSON.stringify(classified)).toMatch(/kind:(?:json|form)/);
    }
  });

  it('has no code where the body says nothing of an error', () => {
    for (const body of [{ status: 'done' }, { message: 'welcome' }, { code: 'abc' }])
      expect(classify(custom(), response(200, body), CONTEXT)).toMatchObject({ providerError: null });
  });
});

describe('a whole number beyond 2^53', () => {
  const ID = '17841405309211915';
  const exactBody = (body: Record<string, unknown>): string =>
    JSON.stringify(body).replaceAll(`"${ID}"`, ID).replaceAll(`"-${ID}"`, `-${ID}`);

  it('is captured as it was written, at every provider that captures', () => {
    let captured = 0;
    for (const descriptor of issuing) {
      const body: Record<string, unknown> = {};
      for (const path of descriptor.capture_from_token_response) put(body, path, ID);
      succeed(descriptor, body);
      put(body, tokenPath(descriptor), 'at-2');
      const parsed = parseBody(exactBody(body), 'application/json');
      if (parsed.kind !== 'json') throw new Error(`${descriptor.id}: ${parsed.kind}`);
      const tokens = readTokens(descriptor, parsed.value, { nowMs: NOW_MS });
      for (const path of descriptor.capture_from_token_response) {
        expect(tokens?.captured[path], `${descriptor.id} ${path}`).toBe(ID);
        captured += 1;
      }
    }
    expect(captured).toBeGreaterThan(30);
  });

  it('names a subject exactly, in a token answer and in userinfo', () => {
    const parsed = parseBody(`{"user":{"id":${ID}}}`, null);
    const value = parsed.kind === 'json' ? parsed.value : null;
    const facts = { idToken: null, callback: {}, userinfo: null, tokenResponse: null };
    const asked = custom({ subject_source: 'token_response.user.id | userinfo.user.id' });
    expect(identityOf(asked, { ...facts, tokenResponse: value }).subject).toBe(ID);
    expect(identityOf(asked, { ...facts, userinfo: value }).subject).toBe(ID);
  });

  it('does not change what smaller numbers, fractions and texts are', () => {
    const text = `{"a":9007199254740991,"b":1.5,"c":"${ID}","d":[-${ID}],"e":1e300,"f":${ID}}`;
    expect(parseBody(text, null)).toEqual({
      kind: 'json',
      value: { a: 9007199254740991, b: 1.5, c: ID, d: [`-${ID}`], e: 1e300, f: ID },
    });
  });
});

describe('an answer that is longer than what is read of it', () => {
  const long = (body: string) => ({ ...response(200, body), truncated: true, overlong: true });
  const BEGUN = '{"access_token":"at-2","refresh_token":"rt-2","expires_in":60,"profile":{"bio":"xxxx';

  it('gives the tokens that were read whole, at every provider with a plain map', () => {
    for (const descriptor of issuing) {
      if (descriptor.token_response_map !== null || descriptor.token_response_success_check !== null)
        continue;
      const classified = classify(descriptor, long(BEGUN), CONTEXT);
      expect(classified, descriptor.id).toMatchObject({
        outcome: 'refreshed',
        doubt: false,
        tokens: { accessToken: 'at-2', refreshToken: 'rt-2', lifetimeMs: 60_000 },
      });
    }
  });

  it('is malformed and leaves doubt where a successor may stand in what was not read', () => {
    for (const begun of [
      '{"access_token":"at-2","profile":{"bio":"xxxx',
      '{"access_token":"at-2","refresh_token":"rt-',
      '{"refresh_token":"rt-2',
      '["access_token","refresh_token',
      `${'{"a":'.repeat(5_000)}1`,
    ])
      expect(classify(custom(), long(begun), CONTEXT)).toMatchObject({ outcome: 'malformed', doubt: true });
  });

  it('does not take silence about scopes for all that was asked', () => {
    const classified = classify(custom(), long(BEGUN), { ...CONTEXT, requestedScopes: ['a', 'b'] });
    expect(classified).toMatchObject({ tokens: { scopes: null } });
  });

  it('keeps a successor although the access token cannot be used', () => {
    const begun = '{"access_token":"a b","refresh_token":"rt-2","profile":"xxxx';
    expect(classify(custom(), long(begun), CONTEXT)).toMatchObject({
      outcome: 'malformed',
      doubt: false,
      successor: 'rt-2',
    });
  });
});

describe('a word for nothing in the place of a token', () => {
  const WORDS = [
    'null', 'NULL', 'undefined', 'None', 'none', 'nil', 'NaN', 'void', 'true', 'false', '(null)', '[object Object]',
    '"null"', "'None'", '""', ' ', '\t', ' null ', '\u00a0', '',
  ]; // prettier-ignore
  const place = (descriptor: Descriptor, field: 'access_token' | 'refresh_token'): string[] => {
    const expression = descriptor.token_response_map?.[field];
    if (expression === null) return [];
    const usual = under(parentOf(tokenPath(descriptor)), field);
    return (expression ?? usual).split('|').map((path) => path.trim());
  };

  it('is no access token at any provider, wherever its map looks: the answer is malformed', () => {
    for (const descriptor of issuing) {
      for (const word of WORDS) {
        const body: Record<string, unknown> = {};
        succeed(descriptor, body);
        for (const path of place(descriptor, 'access_token')) put(body, path, word);
        const what = `${descriptor.id} ${JSON.stringify(word)}`;
        expect(readTokens(descriptor, body, { nowMs: NOW_MS }), what).toBeNull();
        expect(classify(descriptor, response(200, body), CONTEXT).outcome, what).toBe('malformed');
      }
    }
  });

  it('is no refresh token either: the stored one stays, and nothing is in doubt', () => {
    for (const descriptor of issuing) {
      for (const word of WORDS) {
        const body: Record<string, unknown> = {};
        succeed(descriptor, body);
        put(body, tokenPath(descriptor), 'at-own');
        for (const path of place(descriptor, 'refresh_token')) put(body, path, word);
        const tokens = readTokens(descriptor, body, { nowMs: NOW_MS });
        expect(tokens, `${descriptor.id} ${JSON.stringify(word)}`).toMatchObject({
          accessToken: 'at-own',
          refreshToken: null,
          refreshTokenUnusable: false,
        });
      }
    }
  });

  it('is no part of a longer token', () => {
    for (const word of WORDS.filter((one) => /^\w+$/.test(one))) {
      const body = { access_token: `${word}-at`, refresh_token: `rt-${word}` };
      expect(readTokens(custom({}), body, { nowMs: NOW_MS })).toMatchObject({
        accessToken: `${word}-at`,
        refreshToken: `rt-${word}`,
      });
    }
  });

  it('names no user', () => {
    const descriptor = custom({
      subject_source: 'userinfo.sub | id_token.sub',
      subject_label_source: 'userinfo.name',
    });
    for (const word of WORDS) {
      const facts = { idToken: null, userinfo: { sub: word, name: word }, tokenResponse: null };
      expect(identityOf(descriptor, facts), JSON.stringify(word)).toMatchObject({
        subject: null,
        label: null,
      });
    }
  });
});
