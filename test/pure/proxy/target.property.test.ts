/** Where a proxied call goes: the path that the rules have seen, byte for byte, on an origin that no path can change. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedOf, targetOf, throughProxy } from '#proxy/target.ts';

const BASES = ['https://api.example.com', 'https://api.example.com/v1', 'https://api.example.com/crm/v3/'];
const base = fc.constantFrom(...BASES);
/** Pieces that paths are attacked with, among ordinary ones. */
const piece = fc.constantFrom(
  'a',
  'contacts',
  '7',
  'v1',
  'crm',
  '..',
  '.',
  '%2e',
  '%2E%2e',
  '..%2f',
  '..;x',
  '%2f',
  '%5c',
  '\\',
  '//',
  '%252e',
  '@evil.example',
  ':443',
  '?q=1',
  '#f',
  ' ',
  '%00',
  '%0a',
  '%',
  '%zz',
  'é',
  '%C3%A9',
  '*',
  "'",
  '~',
  ';p=1',
  '',
);
const rest = fc.array(piece, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);

describe('a path behind the proxy', () => {
  it('leaves as it was seen, to the base alone, or is refused', () => {
    fc.assert(
      fc.property(base, rest, (baseUrl, text) => {
        const asked = askedOf(text);
        if (!asked.ok) return;
        const target = targetOf(asked.value, [baseUrl], null);
        if (!target.ok) return;
        const { origin, pathname, search, href } = new URL(target.value.url);
        expect(href).toBe(target.value.url);
        expect(origin).toBe('https://api.example.com');
        const own = new URL(baseUrl).pathname.replace(/\/+$/, '');
        const { path, query } = asked.value;
        expect([path, `${own}${path}`, own]).toContain(pathname);
        expect(pathname === own || pathname.startsWith(`${own}/`)).toBe(true);
        expect(search === '' ? query.replace(/^\?$/, '') : search).toBe(query === '?' ? '' : query);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['/a/../b', '/%2e%2e/b', '/..%2fb', '/a//b', '/a%5cb', '/a%252e', '/a%00', '/a/..;x/b', '/a/%2e'])(
    '%s is refused',
    (path) => {
      expect(askedOf(path)).toMatchObject({ ok: false, error: { path: 'path' } });
    },
  );

  it('says by its beginning which base of the origin is meant, and never leads to another origin', () => {
    const bases = [
      'https://www.example.com/drive/v3',
      'https://www.example.com/upload/drive/v3',
      'https://other.example.com/own/v1',
    ];
    const url = (path: string) => {
      const target = targetOf({ path, query: '' }, bases, null);
      return target.ok ? target.value.url : null;
    };
    expect(url('/files')).toBe('https://www.example.com/drive/v3/files');
    expect(url('/drive/v3/files')).toBe('https://www.example.com/drive/v3/files');
    expect(url('/upload/drive/v3/files')).toBe('https://www.example.com/upload/drive/v3/files');
    expect(url('/upload/drive/v30/files')).toBe('https://www.example.com/drive/v3/upload/drive/v30/files');
    expect(url('/own/v1/files')).toBe('https://www.example.com/drive/v3/own/v1/files');
  });

  it('is not doubled where it begins with the base’s own, and is the base itself where it is empty', () => {
    const url = (text: string, baseUrl: string) => {
      const asked = askedOf(text);
      const target = asked.ok ? targetOf(asked.value, [baseUrl], null) : null;
      return target?.ok === true ? target.value.url : null;
    };
    expect(url('/v1/charges', 'https://api.example.com/v1')).toBe('https://api.example.com/v1/charges');
    expect(url('/charges', 'https://api.example.com/v1')).toBe('https://api.example.com/v1/charges');
    expect(url('/v1beta/charges', 'https://api.example.com/v1')).toBe(
      'https://api.example.com/v1/v1beta/charges',
    );
    expect(url('', 'https://api.example.com/v1')).toBe('https://api.example.com/v1');
    expect(url('/', 'https://api.example.com')).toBe('https://api.example.com/');
    expect(url('?a=1', 'https://api.example.com/graphql')).toBe('https://api.example.com/graphql?a=1');
  });

  it('goes to the base that the request names, one of the account’s own', () => {
    const asked = { path: '/x', query: '' };
    const bases = ['https://api.example.com/v1', 'https://files.example.com'];
    const named = (name: string) => targetOf(asked, bases, name);
    expect(named('https://files.example.com/')).toMatchObject({
      ok: true,
      value: { url: 'https://files.example.com/x' },
    });
    for (const other of [
      'https://evil.example',
      'https://api.example.com',
      'https://files.example.com@evil.example',
      '',
    ])
      expect(named(other)).toMatchObject({ ok: false, error: { path: 'X-Valetkey-Base-Url' } });
  });

  it('goes to the longest base of a named origin under which the path lies, and to no other version of the API', () => {
    const bases = [
      'https://api.example.com/v1',
      'https://api.example.com/v1/beta',
      'https://files.example.com',
    ];
    const url = (path: string) => targetOf({ path, query: '' }, bases, 'https://api.example.com');
    expect(url('/v1/x')).toMatchObject({
      ok: true,
      value: { url: 'https://api.example.com/v1/x', baseUrl: bases[0] },
    });
    expect(url('/v1/beta/x')).toMatchObject({
      ok: true,
      value: { url: 'https://api.example.com/v1/beta/x', baseUrl: bases[1] },
    });
    for (const path of ['/v2/x', '/v10', '/']) expect(url(path)).toMatchObject({ ok: false });
  });
});

describe('a URL of an answer', () => {
  const PROXY = 'https://broker.example/v1/connected-accounts/ca_x/proxy';
  const from = (asked: string, bases: readonly string[] = ['https://api.example.com/v1']) => {
    const target = targetOf({ path: asked, query: '?page=1' }, bases, null);
    if (!target.ok) throw new Error(target.error.message);
    return target.value;
  };
  const told = (url: string) => throughProxy(url, from('/contacts'), PROXY);

  it.each([
    ['https://api.example.com/v1/contacts?page=2', `${PROXY}/contacts?page=2`],
    ['/v1/contacts?page=2', `${PROXY}/contacts?page=2`],
    ['contacts/7', `${PROXY}/contacts/7`],
    ['?page=2', `${PROXY}/contacts?page=2`],
    ['https://api.example.com/v2/x', null],
    ['https://api.example.com/v1/../admin', null],
    ['https://evil.example/v1/x', null],
    ['//evil.example/v1/x', null],
    ['http://api.example.com/v1/x', null],
    ['https://user@api.example.com/v1/x', null],
    ['javascript:alert(1)', null],
    ['https://api.example.com/v1/a%2f..%2fb', null],
  ])('%s leads to %s', (url, expected) => {
    expect(told(url)).toBe(expected);
  });

  it('is written as the caller has written the path, so that it leads back to the same base and the same rules know it', () => {
    const next = 'https://api.example.com/v1/contacts?page=2';
    expect(throughProxy(next, from('/v1/contacts'), PROXY)).toBe(`${PROXY}/v1/contacts?page=2`);
    const bases = ['https://api.example.com/v3', 'https://api.example.com/upload/v3'];
    const session = 'https://api.example.com/upload/v3/files?upload_id=1';
    expect(throughProxy(session, from('/upload/v3/files', bases), PROXY)).toBe(
      `${PROXY}/upload/v3/files?upload_id=1`,
    );
  });
});
