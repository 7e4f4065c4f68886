/** Signatures against the examples of their documents: RFC 5849, X's "Creating a signature", and AWS. */

import { describe, expect, it } from 'vitest';
import { hmacSha1 } from '#crypto/signing/hmac-sha1.ts';
import { signed, type Signable } from '#egress/injector/sign.ts';
import { baseString, signingKey } from '#providers/signing/oauth1.ts';
import type { Signing } from '#providers/signing/signing.ts';

describe('OAuth 1.0', () => {
  const photos = { consumerKey: 'dpf43f3p2l4k3l03', consumerSecret: 'kd94hf93k423kf44' };
  const rfc = (timestamp: string, nonce: string, token: string | null) => [
    ['oauth_consumer_key', photos.consumerKey] as const,
    ...(token === null ? [] : [['oauth_token', token] as const]),
    ['oauth_signature_method', 'HMAC-SHA1'] as const,
    ['oauth_timestamp', timestamp] as const,
    ['oauth_nonce', nonce] as const,
  ];
  const DOCUMENTED = [
    {
      of: 'RFC 5849, 1.2: the request token',
      request: { method: 'POST', url: 'https://photos.example.net/initiate', form: null },
      keys: { ...photos, token: null, tokenSecret: null },
      params: [
        ...rfc('137131200', 'wIjqoS', null),
        ['oauth_callback', 'http://printer.example.com/ready'] as const,
      ],
      signature: '74KNZJeDHnMBp0EMJ9ZHt/XKycU=',
    },
    {
      of: 'RFC 5849, 1.2: the access token',
      request: { method: 'POST', url: 'https://photos.example.net/token', form: null },
      keys: { ...photos, token: 'hh5s93j4hdidpola', tokenSecret: 'hdhd0244k9j7ao03' },
      params: [
        ...rfc('137131201', 'walatlh', 'hh5s93j4hdidpola'),
        ['oauth_verifier', 'hfdp7dh39dks9884'] as const,
      ],
      signature: 'gKgrFCywp7rO0OXSjdot/IHF7IU=',
    },
    {
      of: 'RFC 5849, 1.2: the API',
      request: {
        method: 'GET',
        url: 'http://photos.example.net/photos?file=vacation.jpg&size=original',
        form: null,
      },
      keys: { ...photos, token: 'nnch734d00sl2jdk', tokenSecret: 'pfkkdhi9sl3r4s00' },
      params: rfc('137131202', 'chapoH', 'nnch734d00sl2jdk'),
      signature: 'MdpQcU8iPSUjWoN/UDMsK2sui9I=',
    },
    {
      of: 'X, "Creating a signature"',
      request: {
        method: 'POST',
        url: 'https://api.twitter.com/1.1/statuses/update.json?include_entities=true',
        form: 'status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21',
      },
      keys: {
        consumerKey: 'xvz1evFS4wEEPTGEFPHBog',
        consumerSecret: 'kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw',
        token: '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb',
        tokenSecret: 'LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE',
      },
      params: [
        ['oauth_consumer_key', 'xvz1evFS4wEEPTGEFPHBog'] as const,
        ['oauth_nonce', 'kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg'] as const,
        ['oauth_signature_method', 'HMAC-SHA1'] as const,
        ['oauth_timestamp', '1318622958'] as const,
        ['oauth_token', '370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb'] as const,
        ['oauth_version', '1.0'] as const,
      ],
      signature: 'hCtSmYh+iHYCEqBWrE7C7hYmtUk=',
    },
  ];

  it.each(DOCUMENTED)('signs as documented: $of', ({ request, keys, params, signature }) => {
    expect(hmacSha1(signingKey(keys), baseString(request, params))).toBe(signature);
  });

  it('signs anew each time, and lets no header of the caller’s through in its place', async () => {
    const keys: Signing = { by: 'oauth1_hmac_sha1', ...photos, token: 't', tokenSecret: 's' };
    const request: Signable = {
      url: 'https://a.example/x',
      method: 'GET',
      headers: { Authorization: 'mine' },
      body: null,
    };
    const headers = async () => (await signed(request, keys, 1_000_000))?.headers ?? {};
    const [one, other] = [await headers(), await headers()];
    expect(Object.keys(one)).toEqual(['authorization']);
    expect(one['authorization']).toMatch(/^OAuth oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="t"/);
    expect(one).not.toEqual(other);
  });

  it('signs no form that streams by, and any other body', async () => {
    const keys: Signing = { by: 'oauth1_hmac_sha1', ...photos, token: 't', tokenSecret: 's' };
    const body = new ReadableStream<Uint8Array>();
    const of = (type: string) =>
      signed({ url: 'https://a.example/', method: 'POST', headers: { 'content-type': type }, body }, keys, 0);
    expect(await of('application/x-www-form-urlencoded; charset=utf-8')).toBeNull();
    expect(await of('application/octet-stream')).not.toBeNull();
  });
});

describe('AWS Signature Version 4', () => {
  const suite: Signing = {
    by: 'aws_sigv4',
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    sessionToken: null,
    region: 'us-east-1',
    service: 'service',
  };
  const s3: Signing = {
    ...suite,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    service: 's3',
  };
  const at = (text: string) => Date.parse(text);
  const get = (url: string, method = 'GET'): Signable => ({ url, method, headers: {}, body: null });
  const signature = async (request: Signable, signing: Signing, nowMs: number) =>
    /Signature=([0-9a-f]{64})$/.exec(
      (await signed(request, signing, nowMs))?.headers['authorization'] ?? '',
    )?.[1];

  it.each([
    ['GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'GET',
      '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
      '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
    ],
  ])('signs %s %s as the test suite of AWS has it', async (method, path, expected) => {
    const request = get(`https://example.amazonaws.com${path}`, method);
    expect(await signature(request, suite, at('2015-08-30T12:36:00Z'))).toBe(expected);
  });

  it.each([
    ['/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('signs GET %s as the documents of S3 have it', async (path, expected) => {
    const request = get(`https://examplebucket.s3.amazonaws.com${path}`);
    expect(await signature(request, s3, at('2013-05-24T00:00:00Z'))).toBe(expected);
  });

  it('covers a kept body; one that streams by is signed without where the service allows it, and else not at all', async () => {
    const body = new ReadableStream<Uint8Array>();
    const put: Signable = { url: 'https://b.s3.amazonaws.com/k', method: 'PUT', headers: {}, body };
    const unsigned = await signed(put, s3, 0);
    expect(unsigned?.headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
    expect(unsigned?.body).toBe(body);
    expect(await signed(put, suite, 0)).toBeNull();
    const kept = await signed({ ...put, body: new TextEncoder().encode('x') }, s3, 0);
    expect(kept?.headers['x-amz-content-sha256']).toMatch(/^2d711642/);
  });

  it('takes nothing of a signature that the caller brings, and sends the session token of a temporary key', async () => {
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 mine',
      'x-amz-date': '20000101T000000Z',
      'x-amz-security-token': 'mine',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
    };
    const request = { url: 'https://example.amazonaws.com/', method: 'POST', headers, body: null };
    const plain = (await signed(request, suite, 0))?.headers ?? {};
    expect(Object.keys(plain).toSorted()).toEqual(['authorization', 'x-amz-date', 'x-amz-target']);
    expect(JSON.stringify(plain)).not.toContain('mine');
    const temporary = await signed(request, { ...suite, sessionToken: 'of-the-key' }, 0);
    expect(temporary?.headers['x-amz-security-token']).toBe('of-the-key');
    expect(temporary?.headers['authorization']).toContain('x-amz-security-token');
  });
});
