/** The keys of issuers, against issuers that rotate, hang, grow, vanish and lie. The clock is the test's. */

import { afterEach, describe, expect, it } from 'vitest';
import {
  AFTER_FAILURE_MS,
  IssuerKeys,
  KEYS_AGAIN_MS,
  KEYS_LIFE_MS,
  KEYS_STAND_IN_MS,
} from '#egress/keys/issuer-keys.ts';
import { compactVerify, importJWK } from 'jose';
import { issuerKey, startIssuer, type Issuer, type IssuerKey } from '../../support/issuer.ts';

const issuers: Issuer[] = [];
afterEach(async () => {
  await Promise.all(issuers.splice(0).map((issuer) => issuer.close()));
});

const one = await issuerKey('one');
const two = await issuerKey('two', 'ES256');

async function scene(first: IssuerKey = one) {
  const issuer = await startIssuer(first);
  issuers.push(issuer);
  const keys = new IssuerKeys();
  const clock = { nowMs: 1_000_000 };
  const work: Promise<unknown>[] = [];
  const get = (kid: string | null = first.kid) =>
    keys.get({ issuer: issuer.url }, kid, {
      now: () => clock.nowMs,
      guard: () => ({ allowLoopback: true, ownHost: null }),
      waitUntil: (promise) => work.push(promise),
    });
  /** Whether a token of this key passes now. */
  const passes = async (key: IssuerKey) => {
    const keySet = await get(key.kid);
    if (keySet === null) return null;
    const token = await issuer.token({ sub: 'a', aud: 'b' }, {}, {}, key);
    return compactVerify(token, keySet).then(
      () => true,
      () => false,
    );
  };
  const settled = async () => {
    await Promise.all(work.splice(0));
  };
  const fetches = () => issuer.asked.filter((path) => path.includes('jwks')).length;
  return { issuer, clock, get, passes, settled, fetches };
}

describe('the keys of an issuer', () => {
  it('are asked for once, also by many at once, and then used without asking', async () => {
    const { get, fetches, issuer } = await scene();
    const sets = await Promise.all(Array.from({ length: 50 }, () => get()));
    expect(new Set(sets).size).toBe(1);
    expect(sets[0]).not.toBeNull();
    for (let n = 0; n < 20; n += 1) expect(await get()).toBe(sets[0]);
    expect(fetches()).toBe(1);
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('are renewed beside the requests, and stay the same where the issuer says the same', async () => {
    const { get, clock, fetches, settled } = await scene();
    const first = await get();
    clock.nowMs += KEYS_LIFE_MS / 2;
    expect(await get()).toBe(first);
    await settled();
    expect(fetches()).toBe(2);
    clock.nowMs += KEYS_LIFE_MS / 2 - 1;
    expect(await get()).toBe(first);
    expect(fetches()).toBe(2);
  });

  it('that the issuer withdrew open nothing after their life', async () => {
    const { issuer, clock, passes } = await scene();
    expect(await passes(one)).toBe(true);
    issuer.publish(two);
    clock.nowMs += KEYS_LIFE_MS;
    expect(await passes(one)).toBe(false);
    expect(await passes(two)).toBe(true);
  });

  it('of an id that is not known are asked for at most once a minute, whatever ids are named', async () => {
    const { issuer, clock, passes, get, fetches, settled } = await scene();
    expect(await passes(one)).toBe(true);
    issuer.publish(one, two);
    for (let n = 0; n < 20; n += 1) await get(`made-up-${n}`);
    expect(fetches()).toBe(1);
    expect(await passes(two)).toBe(false);
    clock.nowMs += KEYS_AGAIN_MS;
    expect(await passes(two)).toBe(true);
    for (let n = 0; n < 20; n += 1) await get(`made-up-${n}`);
    await settled();
    expect(fetches()).toBe(2);
  });

  it('stand in for an hour where the issuer vanishes, and not for longer', async () => {
    const { issuer, clock, passes, fetches, settled } = await scene();
    expect(await passes(one)).toBe(true);
    const before = fetches();
    issuer.instead = (_path, response) => {
      response.writeHead(404).end();
      return true;
    };
    clock.nowMs += KEYS_LIFE_MS;
    for (let n = 0; n < 10; n += 1) expect(await passes(one)).toBe(true);
    await settled();
    // It failed a moment ago: not every request asks again.
    expect(issuer.asked.length).toBeLessThanOrEqual(2 * before + 1);
    clock.nowMs += KEYS_STAND_IN_MS - KEYS_LIFE_MS;
    expect(await passes(one)).toBeNull();
    issuer.instead = null;
    clock.nowMs += AFTER_FAILURE_MS;
    expect(await passes(one)).toBe(true);
  });

  it('that are an empty list now are withdrawn: nothing stands in for them', async () => {
    const { issuer, clock, passes } = await scene();
    expect(await passes(one)).toBe(true);
    issuer.instead = (path, response) => {
      if (!path.includes('jwks')) return false;
      response.writeHead(200, { 'content-type': 'application/jwk-set+json' }).end('{"keys":[]}');
      return true;
    };
    clock.nowMs += KEYS_LIFE_MS;
    expect(await passes(one)).toBe(false);
  });

  it('stand in within a second where the issuer hangs', async () => {
    const { issuer, clock, passes } = await scene();
    expect(await passes(one)).toBe(true);
    issuer.instead = () => true;
    clock.nowMs += KEYS_LIFE_MS;
    const startedAtMs = performance.now();
    expect(await passes(one)).toBe(true);
    expect(performance.now() - startedAtMs).toBeLessThan(3_500);
  });

  it('of an issuer that hangs from the start are given up in their time', async () => {
    const { issuer, passes } = await scene();
    issuer.instead = () => true;
    expect(await passes(one)).toBeNull();
  });
});

const json = { 'content-type': 'application/json' };
const document = (url: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks`, ...more });
const published = JSON.stringify({ keys: [{ ...one.jwk, d: undefined, p: undefined, q: undefined }] });

/** What the two documents say, for an issuer at `url`. */
const LIES: Readonly<
  Record<string, (url: string) => readonly [metadata: string, keys: string, head?: object]>
> = {
  'names another issuer': (url) => [document(url, { issuer: `${url}/` }), published],
  'names no keys': (url) => [JSON.stringify({ issuer: url }), published],
  'names keys at an address that may not be called': (url) => [
    document(url, { jwks_uri: 'http://10.0.0.1/jwks' }),
    published,
  ],
  'names keys by a URL that is none': (url) => [document(url, { jwks_uri: 'file:///etc/passwd' }), published],
  'has metadata that is no JSON': () => ['<html>', published],
  'has keys that are no JSON': (url) => [document(url), '<html>'],
  'has keys that are no list': (url) => [document(url), '{"keys":{}}'],
  'has keys without end': (url) => [document(url), `{"keys":[],"x":"${'x'.repeat(300_000)}"}`],
  'has more keys than anybody needs': (url) => [
    document(url),
    JSON.stringify({ keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) }),
  ],
  'answers as a page': (url) => [document(url), published, { 'content-type': 'text/html' }],
};

it.each(Object.entries(LIES))('an issuer that %s has no keys', async (_name, lie) => {
  const { issuer, get } = await scene();
  issuer.instead = (path, response) => {
    const [metadata, keys, head = json] = lie(issuer.url);
    response.writeHead(200, head as Record<string, string>).end(path.includes('jwks') ? keys : metadata);
    return true;
  };
  expect(await get()).toBeNull();
});

it('an issuer that sends elsewhere is not followed', async () => {
  const { issuer, get } = await scene();
  issuer.instead = (path, response) => {
    if (path === '/elsewhere') return false;
    response.writeHead(307, { location: `${issuer.url}/elsewhere` }).end();
    return true;
  };
  expect(await get()).toBeNull();
  expect(issuer.asked).toEqual(['/.well-known/openid-configuration']);
});

it.each([{ alg: null }, { alg: 7 }, {}])(
  'an RSA key whose algorithm is %j has the one that every issuer has, and no other',
  async (said) => {
    const { issuer, get } = await scene();
    const { n, e, kty, kid } = one.jwk;
    issuer.instead = (path, response) => {
      if (!path.includes('jwks')) return false;
      response.writeHead(200, json).end(JSON.stringify({ keys: [{ n, e, kty, kid, ...said }] }));
      return true;
    };
    const keySet = await get();
    if (keySet === null) throw new Error('the issuer has keys');
    const passes = async (alg: string) => {
      const { alg: _, ...jwk } = one.jwk;
      const privateKey = (await importJWK(jwk, alg)) as CryptoKey;
      const token = await issuer.token({ sub: 'a', aud: 'b' }, {}, {}, { ...one, alg, privateKey });
      return compactVerify(token, keySet).then(
        () => true,
        () => false,
      );
    };
    expect(await Promise.all(['RS256', 'RS512', 'PS256'].map(passes))).toEqual([true, false, false]);
  },
);

it('a symmetric key, a private one, and one of unknown kind open nothing, beside one that does', async () => {
  const { issuer, passes } = await scene();
  const keys = [
    { kty: 'oct', k: 'c2VjcmV0', kid: 'two' },
    { kty: 'AKP', kid: 'two' },
    { ...two.jwk },
    { ...one.jwk, d: undefined, p: undefined, q: undefined, dp: undefined, dq: undefined, qi: undefined },
  ];
  issuer.instead = (path, response) => {
    if (!path.includes('jwks')) return false;
    response.writeHead(200, json).end(JSON.stringify({ keys }));
    return true;
  };
  expect(await passes(one)).toBe(true);
  expect(await passes(two)).toBe(false);
});
