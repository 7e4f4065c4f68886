/** Names on the way out, with a resolver that lies, stalls, fails and changes its mind: what is sent, and what is kept. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { guardOfProvider, type GuardOptions } from '#egress/guard/guard.ts';
import { guardedFetch } from '#egress/guard/guarded-fetch.ts';
import { fetchServerMetadata } from '#egress/metadata.ts';
import { forbiddenTargets, registrationProblem } from '#egress/registration.ts';
import { judgeHost, keptForMs, questionUrl } from '#egress/guard/resolver.ts';
import { startResolver, type StubResolver } from '../../support/stub-resolver.ts';

let resolver: StubResolver;
let options: GuardOptions;
beforeEach(async () => {
  resolver = await startResolver();
  options = { allowLoopback: true, ownHost: null, resolver: resolver.url };
});
afterEach(() => resolver.close());

const LIMITS = { timeoutMs: 5_000, maxBytes: 1024 };
const get = (host: string, guard = options, limits = LIMITS) =>
  guardedFetch({ url: `https://${host}/`, method: 'GET', headers: {}, body: null }, limits, guard);

describe('a question', () => {
  it('is asked for both families, in the form of public resolvers', async () => {
    resolver.tell('one.example.com', ['10.0.0.1']);
    await get('one.example.com');
    expect(resolver.seen.map(({ url }) => url).toSorted()).toEqual([
      '/dns-query?name=one.example.com&type=A',
      '/dns-query?name=one.example.com&type=AAAA',
    ]);
    for (const { method, headers } of resolver.seen) {
      expect([method, headers.accept]).toEqual(['GET', 'application/dns-json']);
    }
  });

  it('keeps what the setting has in its URL, and encodes the name', () => {
    expect(questionUrl('https://dns.example/resolve?cd=0&name=x', 'a&b.example', 'AAAA')).toBe(
      'https://dns.example/resolve?cd=0&name=a%26b.example&type=AAAA',
    );
  });
});

describe('a call', () => {
  it.each([['10.1.2.3'], ['169.254.169.254'], ['fd00::1'], ['93.184.215.14', '127.0.0.1']])(
    'to a name that points to %s is not made',
    async (...addresses) => {
      resolver.tell('private.example.com', addresses);
      expect(
        await get('private.example.com', { ...options, resolver: `${resolver.url}?${addresses}` }),
      ).toEqual({
        kind: 'failure',
        failure: 'forbidden_address',
      });
    },
  );

  it('to a name behind an alias is judged by where that leads', async () => {
    resolver.tell('alias.example.com', ['192.168.1.1'], { alias: 'inside.example.net.' });
    expect(await get('alias.example.com')).toMatchObject({ failure: 'forbidden_address' });
  });

  it('to a name that points to public addresses is made', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch');
    resolver.tell('public.invalid', ['93.184.215.14']);
    // Nobody answers for this name: the platform's own resolving ends it.
    expect(await get('public.invalid')).toEqual({ kind: 'failure', failure: 'network' });
    expect(fetched.mock.calls.map(([url]) => String(url))).toContain('https://public.invalid/');
    fetched.mockRestore();
  });

  it.each([
    ['that the resolver does not know', 'unresolved_name', (name: string) => resolver.tell(name, [])],
    ['that it fails to find', 'unresolved_name', (name: string) => resolver.tell(name, [], { status: 2 })],
    ['while it answers a page', 'resolver_failed', () => resolver.behave('garbage')],
    ['while it fails', 'resolver_failed', () => resolver.behave('error')],
    ['while it redirects', 'resolver_failed', () => resolver.behave('redirect')],
    ['while it floods', 'resolver_failed', () => resolver.behave('flood')],
  ] as const)('to a name %s is not made: %s', async (_, failure, prepare) => {
    prepare('nobody.example.com');
    expect(await get('nobody.example.com')).toEqual({ kind: 'failure', failure });
  });

  it('waits two seconds for the resolver, and no longer than it may take itself', async () => {
    resolver.behave('hang');
    const shorter = get('slow.example.com', options, { ...LIMITS, timeoutMs: 100 });
    expect(await shorter).toEqual({ kind: 'failure', failure: 'resolver_failed' });
    const beganAt = Date.now();
    expect(await get('slow.example.com', options, { ...LIMITS, timeoutMs: 10_000 })).toMatchObject({
      failure: 'resolver_failed',
    });
    expect(Date.now() - beganAt).toBeLessThan(8_000);
  });

  it('is not made through a resolver that may not be called', async () => {
    for (const wrong of ['https://10.0.0.1/dns-query', 'http://dns.example.com/', 'no url', 'ftp://a.b/']) {
      expect(await get('any.example.com', { ...options, resolver: wrong })).toMatchObject({
        failure: 'resolver_failed',
      });
    }
    expect(
      await get('any.example.com', { ...options, resolver: resolver.url, allowLoopback: false }),
    ).toEqual({
      kind: 'failure',
      failure: 'resolver_failed',
    });
    expect(resolver.seen).toEqual([]);
  });

  it('to loopback in development, or without a resolver, asks nobody', async () => {
    const url = resolver.url;
    const request = { url, method: 'GET', headers: {}, body: null } as const;
    expect(await guardedFetch(request, LIMITS, options)).toMatchObject({ kind: 'response' });
    resolver.seen.length = 0;
    expect(await get('public.invalid', { ...options, resolver: null })).toMatchObject({ failure: 'network' });
    expect(resolver.seen).toEqual([]);
  });
});

describe('at registration', () => {
  it('only a forbidden address refuses: the send asks again', async () => {
    resolver.tell('private.example.com', ['10.0.0.1']);
    resolver.tell('none.example.com', []);
    expect(await registrationProblem('https://private.example.com/hook', options)).toMatch(
      /^must not have a host name that points to/,
    );
    expect(await registrationProblem('https://none.example.com/hook', options)).toBeNull();
    expect(await registrationProblem('http://none.example.com/hook', options)).toBe('must be an https URL');
    resolver.behave('error');
    expect(await registrationProblem('https://other.example.com/hook', options)).toBeNull();
  });

  it('each host is asked for once, and all URLs on it are told', async () => {
    resolver.tell('private.example.com', ['10.0.0.1']);
    resolver.tell('public.example.com', ['93.184.215.14']);
    const [a, b, c] = [
      'https://private.example.com/a',
      'https://public.example.com/',
      'https://private.example.com/c',
    ] as const;
    expect(await forbiddenTargets([a, b, c], options)).toEqual([a, c]);
    expect(resolver.seen).toHaveLength(4);
  });

  it('metadata that names a host inside is not believed', async () => {
    resolver.tell('inside.example.com', ['10.0.0.1']);
    const { issuer } = resolver;
    resolver.metadata({ issuer, token_endpoint: 'https://inside.example.com/token' });
    expect(await fetchServerMetadata(issuer, options)).toEqual({
      ok: false,
      error: { detail: "the issuer's metadata names a token_endpoint that may not be called" },
    });
  });
});

describe('a verdict', () => {
  it('is kept for the life of its answer, from 30 s to 5 min', () => {
    expect([0, 29, 31, 299, 301, 86_400].map(keptForMs)).toEqual([
      30_000, 30_000, 31_000, 299_000, 300_000, 300_000,
    ]);
  });

  it('is asked for again when its time is over, or the clock went back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      let answer = '{"Status":0,"Answer":[{"type":1,"TTL":60,"data":"93.184.215.14"}]}';
      const ask = vi.fn(() => Promise.resolve(answer));
      const judged = () => judgeHost('kept.example.com', 'https://dns.example/kept', ask);
      expect(await judged()).toBe('allowed');
      answer = answer.replace('93.184.215.14', '10.0.0.1');
      vi.advanceTimersByTime(59_000);
      expect(await judged()).toBe('allowed');
      expect(ask).toHaveBeenCalledTimes(2);
      vi.advanceTimersByTime(1_000);
      expect(await judged()).toBe('forbidden_address');
      answer = answer.replace('10.0.0.1', '93.184.215.14');
      vi.setSystemTime(Date.now() - 3_600_000);
      expect(await judged()).toBe('allowed');
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is no word about addresses is not kept', async () => {
    const answers = [
      '{"Status":3}',
      '{"Status":3}',
      '',
      '',
      ...Array(2).fill('{"Status":0,"Answer":[{"type":1,"TTL":1,"data":"1.1.1.1"}]}'),
    ];
    const ask = () => Promise.resolve(answers.shift() ?? null);
    const judged = () => judgeHost('unkept.example.com', 'https://dns.example/', ask);
    expect([await judged(), await judged(), await judged()]).toEqual([
      'unresolved_name',
      'resolver_failed',
      'allowed',
    ]);
  });
});

describe("a provider's hosts", () => {
  const config = { allowLoopback: false, baseUrl: null, dnsResolver: 'https://dns.example/' };
  it('are resolved where somebody named them, and not where the catalogue did', () => {
    for (const provider of ['custom', 'gitlab', 'metabase'])
      expect(guardOfProvider(config, provider).resolver).toBe(config.dnsResolver);
    for (const provider of ['google', 'hubspot', 'shopify', 'salesforce', 'okta', 'exact-online'])
      expect(guardOfProvider(config, provider).resolver).toBeNull();
    expect(guardOfProvider({ ...config, dnsResolver: null }, 'custom').resolver).toBeNull();
  });
});
