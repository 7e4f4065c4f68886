/** What a credential does to a request, as data, and which of its fields are secret. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProviderConfig } from '#providers/custom.ts';
import { injectionOf, originsOf } from '#providers/injection/injection.ts';
import { custom } from './descriptors.ts';

const of = (facts: Parameters<typeof custom>[0], fields: Record<string, string>, captured = {}) =>
  injectionOf(custom(facts), fields, captured);

describe('an injection', () => {
  it('is the bearer header where a connection says nothing else', () => {
    expect(of({}, { access_token: 'at-1' })).toEqual({
      headers: { Authorization: 'Bearer at-1' },
      query: {},
      hunted: ['at-1'],
    });
  });

  it('is a cookie, several headers, or a parameter of the URL, as the connection says', () => {
    const cookie = of({ token_header: 'Cookie: sid={session}' }, { session: 's-1' });
    expect(cookie).toMatchObject({ headers: { Cookie: 'sid=s-1' }, query: {} });
    const parameters = { auth_type: 'api_key', token_query: 'key={api_key}&v=2' } as const;
    expect(of(parameters, { api_key: 'k&=ü' })).toMatchObject({
      headers: {},
      query: { key: 'k&=ü', v: '2' },
    });
    const both = of(
      { ...parameters, token_header: 'X-Tenant: {tenant.id}' },
      { api_key: 'k' },
      { 'tenant.id': 't' },
    );
    expect(both).toMatchObject({ headers: { 'X-Tenant': 't' }, query: { key: 'k', v: '2' } });
  });

  it.each<[string, Parameters<typeof custom>[0], Record<string, string>]>([
    ['a header lacks its value', { token_header: 'X-A: {api_key}; X-B: {other}' }, { api_key: 'k' }],
    ['a value breaks out of its header', {}, { access_token: 'a\r\nX-Evil: 1' }],
    ['a parameter lacks its value', { token_query: 'a={api_key}&b={other}' }, { api_key: 'k' }],
    ['a parameter is empty', { token_query: 'a={api_key}' }, { api_key: '' }],
    ['a parameter holds control characters', { token_query: 'a={api_key}' }, { api_key: 'k\n' }],
    ['nothing says where the credential goes', { auth_type: 'custom' }, { session: 's' }],
  ])('is none where %s', (_, facts, fields) => {
    expect(of(facts, fields)).toBeNull();
  });

  it('fills in no value twice, and no inherited one', () => {
    fc.assert(
      fc.property(fc.constantFrom('{api_key}', '{toString}', '{__proto__}'), (text) => {
        expect(of({ token_query: 'key={api_key}' }, { api_key: text })?.query).toEqual({ key: text });
        expect(of({ token_query: `key=${text}x` }, {})).toBeNull();
      }),
    );
  });
});

describe('what of a credential is secret', () => {
  const hunted = (facts: Parameters<typeof custom>[0], fields: Record<string, string>) =>
    of(facts, fields)?.hunted;
  const basic = (template: string) =>
    ({ auth_type: 'basic', token_header: `Authorization: Basic base64(${template})` }) as const;

  it.each([
    ['the password beside a user’s name', basic('{username}:{password}'), ['the-password']],
    ['the name, where the header takes it alone', basic('{username}:X'), ['the-user', 'the-password']],
    ['the password, where the header takes it alone', basic('api:{password}'), ['the-password']],
  ])('is %s', (_, facts, secrets) => {
    const found = hunted(facts, { username: 'the-user', password: 'the-password' });
    expect(found).toEqual([...secrets, expect.stringMatching(/^[A-Za-z0-9+/]+=*$/)]);
  });

  it('is the name of a user without a password', () => {
    expect(hunted(basic('{username}:{password}'), { username: 'the-key', password: '' })).toEqual([
      'the-key',
      Buffer.from('the-key:').toString('base64'),
    ]);
  });

  it('is the pair as it is sent, also where the password alone is too short to be looked for', () => {
    const sent = Buffer.from('the-user:pw').toString('base64');
    const facts = {
      ...basic('{username}:{password}'),
      token_header: 'X-App: app; X-Auth: Basic base64({username}:{password})',
    };
    expect(hunted(facts, { username: 'the-user', password: 'pw' })).toEqual(['pw', sent]);
  });

  it('is no name of a user beside a password that the request does not take either', () => {
    const fields = { username: 'the-user', password: 'the-password', ticket: 'the-ticket' };
    const secrets = hunted({ auth_type: 'custom', token_header: 'X-T: {ticket}' }, fields);
    expect(secrets).toEqual(['the-password', 'the-ticket']);
  });

  it('is each of several fields, but those that the connection calls public', () => {
    const facts = { auth_type: 'custom', token_header: 'X-A: {key}; X-B: {app}' } as const;
    const fields = { key: 'the-key', app: 'the-app' };
    expect(hunted(facts, fields)).toEqual(['the-key', 'the-app']);
    expect(hunted({ ...facts, public_fields: ['app'] }, fields)).toEqual(['the-key']);
  });
});

it('the origins of addresses are theirs without paths, each once; what is no address has none', () => {
  const urls = [
    'https://api.example/v1',
    'https://api.example/v2',
    'http://127.0.0.1:9/x',
    'https://API.example:443',
    '',
    'ftp://a',
  ];
  expect(originsOf(urls)).toEqual(['https://api.example', 'http://127.0.0.1:9']);
});

describe('`token_query` of a custom connection', () => {
  it.each(['key={api_key}', 'a.b-c_d~={api_key}&v=2', 'token=Bearer~{api_key}'])('may be %j', (text) => {
    expect(parseProviderConfig({ auth_type: 'api_key', token_query: text })).toMatchObject({ ok: true });
  });

  it.each([
    '',
    'key',
    '={api_key}',
    'key=',
    'k y={api_key}',
    'a={x}&',
    'a={x}&A={y}',
    'a={x} ',
    'a[]={x}',
    'x='.repeat(300),
  ])('must not be %j', (text) => {
    const parsed = parseProviderConfig({ auth_type: 'api_key', token_query: text });
    const paths = parsed.ok ? [] : parsed.errors.map(({ path }) => path);
    expect(new Set(paths)).toEqual(new Set(['provider_config.token_query']));
  });

  it('adds no header beside it that the connection does not name', () => {
    expect(custom({ auth_type: 'api_key', token_query: 'key={api_key}' }).token_header).toBeNull();
    expect(custom({ auth_type: 'api_key' }).token_header).toBe('Authorization: Bearer {api_key}');
  });
});
