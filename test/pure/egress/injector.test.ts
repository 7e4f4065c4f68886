/** A credential in use: what it changes of a request, where it may go, and that it cannot be read. */

import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '#crypto/secret.ts';
import { injectorOf } from '#egress/injector/injector.ts';
import type { Injection } from '#providers/injection/injection.ts';

const KEY = 'sk_live_0123456789';
const injectorWith = (injection: Partial<Injection>, origins = ['https://api.example']) =>
  injectorOf({
    accountId: 'ca_g1',
    provider: 'custom',
    requestHeaders: [],
    responseHeaders: [],
    signs: { api_dead_token_signals_with_200: [] },
    connection: 'crm',
    identifier: 'user_1',
    apiBaseUrls: ['https://api.example/v1'],
    origins,
    expiresAtMs: 1_000,
    fingerprint: 'print-of-it',
    secret: new Secret(JSON.stringify({ headers: {}, query: {}, hunted: [KEY], ...injection })),
  });
const byHeader = injectorWith({ headers: { Authorization: `Bearer ${KEY}` } });
const byQuery = injectorWith({ query: { key: `${KEY}&x=/ ü` } });
const ENCODED = `key=${KEY}%26x%3D%2F%20%C3%BC`;
const get = (url: string, headers: Record<string, string> = {}) => ({ url, headers, method: 'GET' as const });

describe('a request with a credential in its headers', () => {
  it('has everything else as it was', () => {
    const request = get('https://api.example/v1/a%2Fb?x=%20&y=+&&z', { accept: 'text/html' });
    expect(byHeader.apply(request)).toEqual({
      ...request,
      headers: { accept: 'text/html', Authorization: `Bearer ${KEY}` },
    });
    expect(request.headers).toEqual({ accept: 'text/html' });
  });

  it('has no other header of that name, however it was spelled', () => {
    const given = { authorization: 'Bearer of-the-agent', AUTHORIZATION: 'Basic x', cookie: 'a=b' };
    const { headers } = byHeader.apply(get('https://api.example/', given));
    expect(headers).toEqual({ cookie: 'a=b', Authorization: `Bearer ${KEY}` });
    const byCookie = injectorWith({ headers: { Cookie: 'sid=1' } });
    expect(byCookie.apply(get('https://api.example/', given)).headers['cookie']).toBeUndefined();
  });
});

describe('a request with a credential in its URL', () => {
  it.each([
    ['https://api.example/v1', `https://api.example/v1?${ENCODED}`],
    ['https://api.example/v1?', `https://api.example/v1?${ENCODED}`],
    ['https://api.example/v1?a=%2F&&b', `https://api.example/v1?a=%2F&&b&${ENCODED}`],
    ['https://api.example/v1?key=mine&a=1&KEY=x&k%65y=2&key', `https://api.example/v1?a=1&${ENCODED}`],
    ['https://api.example/v1?a=?key=1', `https://api.example/v1?a=?key=1&${ENCODED}`],
  ])('%s becomes %s', (given, expected) => {
    expect(byQuery.apply(get(given))).toEqual({ url: expected, headers: {}, method: 'GET' });
  });

  it('carries it once, as the API will read it, whatever the agent wrote', () => {
    const value = fc.string({ maxLength: 5 }).map(encodeURIComponent);
    const pair = fc.tuple(fc.constantFrom('key', 'Key', 'k%65y', 'a', '', '%'), value);
    fc.assert(
      fc.property(fc.array(pair), (pairs) => {
        const query = pairs.map(([name, value]) => `${name}=${value}`).join('&');
        const { url } = byQuery.apply(get(`https://api.example/p?${query}`));
        const keys = [...new URL(url).searchParams].filter(([name]) => name.toLowerCase() === 'key');
        expect(keys).toEqual([['key', `${KEY}&x=/ ü`]]);
        expect(new URL(url).pathname).toBe('/p');
      }),
    );
  });
});

describe('a request to another place', () => {
  it.each([
    'https://api.example.evil.test/v1',
    'https://evil.test/https://api.example/',
    'http://api.example/v1',
    'https://api.example:8443/v1',
    'https://api.example@evil.test/',
    'https://user:pass@api.example/v1',
    'https://api.example/v1#fragment',
    'https://evil.test\\@api.example/',
    '//api.example/v1',
    '/v1',
    '',
    'https://',
  ])('%j is refused, and the refusal says nothing', (url) => {
    for (const injector of [byHeader, byQuery]) {
      let said: unknown;
      try {
        injector.apply(get(url));
      } catch (error) {
        said = error;
      }
      expect(said).toBeInstanceOf(Error);
      expect(inspect(said)).not.toContain(KEY);
      expect((said as Error).message).not.toContain('evil');
    }
  });

  it('is refused where nothing is known of where it may go', () => {
    const nowhere = injectorWith({ headers: { Authorization: `Bearer ${KEY}` } }, []);
    expect(() => nowhere.apply(get('https://api.example/'))).toThrow(/does not belong/);
    expect(nowhere.origins).toEqual([]);
  });

  it('is none where there are several places', () => {
    const two = injectorWith({ headers: { 'X-K': KEY } }, ['https://api.example', 'https://files.example']);
    expect(two.apply(get('https://files.example/a')).headers).toEqual({ 'X-K': KEY });
  });
});

describe('an injector', () => {
  it('shows its credential in no text that is made of it', () => {
    for (const injector of [byHeader, byQuery]) {
      const shown = [
        JSON.stringify(injector),
        inspect(injector, { depth: 9, showHidden: true }),
        String(injector),
      ];
      expect(shown.join()).not.toContain(KEY);
      expect(Object.values(injector).map(String).join()).not.toContain(KEY);
    }
    expect(byHeader).toMatchObject({ expiresAtMs: 1_000, fingerprint: 'print-of-it' });
  });

  it('knows its credential in an answer again', () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(byHeader.echo(bytes(`{"token":"${KEY}"}`))).toBe(true);
    expect(byHeader.echo(bytes('{"token":"another"}'))).toBe(false);
    expect(byHeader.echo(bytes(Buffer.from(`Bearer ${KEY}`).toString('base64')))).toBe(true);
  });
});
