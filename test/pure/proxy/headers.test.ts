/** Which headers cross the proxy: those that the lists name, and no other. */

import { describe, expect, it } from 'vitest';
import { isListable } from '#providers/requests/headers.ts';
import { answerHeaders, outgoingHeaders } from '#proxy/headers.ts';

const entries = (names: readonly string[]): [string, string][] => names.map((name) => [name, 'x']);

describe('of the caller’s headers', () => {
  it.each([
    'authorization',
    'proxy-authorization',
    'cookie',
    'host',
    'content-length',
    'connection',
    'transfer-encoding',
    'te',
    'trailer',
    'upgrade',
    'expect',
    'accept-encoding',
    'x-forwarded-for',
    'x-forwarded-host',
    'forwarded',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'x-method-override',
    'x-http-method',
    'x-valetkey-purpose',
    'x-valetkey-identifier',
    'x-correlation-id',
    'x-tool-call-id',
    'cf-connecting-ip',
    'cf-access-jwt-assertion',
    'dpop',
    'x-api-key',
    'stripe-version',
  ])('%s stays', (name) => {
    expect(outgoingHeaders(entries([name.toUpperCase()]), [])).toEqual({ 'user-agent': 'valetkey' });
  });

  it('content, conditions and what the API lists leave', () => {
    const names = [
      'Accept',
      'Accept-Language',
      'Content-Type',
      'Content-Encoding',
      'Content-Range',
      'If-Match',
    ];
    const more = ['If-None-Match', 'Range', 'Prefer', 'Idempotency-Key', 'User-Agent', 'Traceparent'];
    const all = [...names, ...more, 'Stripe-Version'];
    expect(Object.keys(outgoingHeaders(entries(all), ['stripe-version'])).toSorted()).toEqual(
      all.map((name) => name.toLowerCase()).toSorted(),
    );
  });
});

it.each([
  ['authorization', false],
  ['dpop', false],
  ['host', false],
  ['content-length', false],
  ['content-type', false],
  ['cookie', false],
  ['x-http-method-override', false],
  ['x-restli-method', false],
  ['x-original-url', false],
  ['x-forwarded-host', false],
  ['x-valetkey-base-url', false],
  ['proxy-authorization', false],
  ['Stripe-Version', false],
  ['stripe-version', true],
  ['x-api-key', true],
  ['from', true],
])('an API’s list may name %s: %s', (name, may) => {
  expect(isListable(name)).toBe(may);
  const leaves = outgoingHeaders([[name, 'x']], [name]);
  expect(Object.hasOwn(leaves, name)).toBe(may || name === 'content-type');
});

describe('of the API’s headers', () => {
  const back = (given: [string, string][], followed: (url: string) => string | null = () => null) =>
    answerHeaders(given, followed);

  it.each([
    'set-cookie',
    'set-cookie2',
    'www-authenticate',
    'proxy-authenticate',
    'authentication-info',
    'content-length',
    'content-encoding',
    'content-security-policy',
    'content-security-policy-report-only',
    'transfer-encoding',
    'connection',
    'server',
    'x-powered-by',
    'access-control-allow-origin',
    'strict-transport-security',
    'refresh',
    'clear-site-data',
    'x-valetkey-upstream',
    'x-valetkey-audit',
    'alt-svc',
    'cache-control',
  ])('%s stays', (name) => {
    expect(back(entries([name]))).toEqual({});
  });

  it.each([
    'content-type',
    'content-disposition',
    'content-range',
    'content-language',
    'etag',
    'last-modified',
    'retry-after',
    'x-ratelimit-remaining',
    'x-rate-limit-reset',
    'ratelimit',
    'ratelimit-policy',
    'x-app-rate-limit',
    'request-id',
    'x-request-id',
    'x-github-request-id',
    'x-hubspot-ratelimit-daily',
    'x-total-count',
    'date',
  ])('%s goes back', (name) => {
    expect(back(entries([name.toUpperCase()]))).toEqual({ [name]: 'x' });
  });

  it('links lead through the proxy, or go; their parameters stay', () => {
    const through = (url: string) => (url.startsWith('/') ? `https://broker.example${url}` : null);
    const link =
      '</a?page=2>; rel="next", <https://evil.example/>; rel="last", </b,c>; rel="x; y, z"; title="a"';
    expect(
      back(
        [
          ['Link', link],
          ['Location', 'https://evil.example/'],
        ],
        through,
      ),
    ).toEqual({
      link: '<https://broker.example/a?page=2>; rel="next", <https://broker.example/b,c>; rel="x; y, z"; title="a"',
    });
    expect(back([['Location', '/x']], through)).toEqual({ location: 'https://broker.example/x' });
    expect(back([['Link', 'nonsense']], through)).toEqual({});
  });
});
