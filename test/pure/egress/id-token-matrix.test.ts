/**
 * Every id_token that some provider sends and this client cannot check, at providers that say in different places who
 * signed in. One that is not needed stops nothing; one that is needed has to verify.
 */

import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askIdentity, type IdentityAnswer } from '#egress/identity/identity.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { startServer, type HostileServer } from '../../support/hostile-server.ts';
import { custom } from '../providers/descriptors.ts';

const GUARD = { allowLoopback: true, ownHost: null };
const CLIENT = 'client-1';
const NOW_MS = Date.parse('2026-11-21T10:00:00Z');
const keys = await generateKeyPair('RS256', { extractable: true });
const foreign = await generateKeyPair('RS256');

let server: HostileServer;
beforeAll(async () => {
  const jwk = { ...(await exportJWK(keys.publicKey)), alg: 'RS256', kid: 'one' };
  server = await startServer((request, response) => {
    const body = request.url === '/jwks' ? { keys: [jwk] } : { sub: 'ada', id: 'ada-7' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
afterAll(() => server.close());

const CLAIMS = {
  sub: 'ada',
  iss: 'https://id.example',
  aud: CLIENT,
  nonce: 'the-nonce',
  exp: NOW_MS / 1000 + 600,
};

function signed(claims: JWTPayload, key = keys.privateKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key);
}
const { nonce: _nonce, ...WITHOUT_NONCE } = CLAIMS;
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const UNUSABLE: readonly (readonly [string, string, () => Promise<string> | string])[] = [
  ['without a nonce', 'nonce', () => signed(WITHOUT_NONCE)],
  ['that is opaque', 'unreadable', () => 'opaque-0123456789'],
  [
    'that is encrypted',
    'unreadable',
    () => `${part({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a2V5.aXY.dGV4dA.dGFn`,
  ],
  [
    'signed with the client secret',
    'signature',
    () =>
      new SignJWT(CLAIMS).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('s'.repeat(32))),
  ],
  [
    'for several audiences, none of them named as the client',
    'claims',
    () => signed({ ...CLAIMS, aud: [CLIENT, 'another'] }),
  ],
  ['with another nonce', 'nonce', () => signed({ ...CLAIMS, nonce: 'of-another-sign-in' })],
  ['that is unsigned', 'signature', () => `${part({ alg: 'none' })}.${part(CLAIMS)}.`],
  ['signed by a stranger', 'signature', () => signed(CLAIMS, foreign.privateKey)],
  ['of another issuer', 'claims', () => signed({ ...CLAIMS, iss: 'https://evil.example' })],
  ['for another client', 'claims', () => signed({ ...CLAIMS, aud: 'another' })],
  ['that is over', 'claims', () => signed({ ...CLAIMS, exp: NOW_MS / 1000 - 600 })],
];

function ask(source: string, idToken: string | null): Promise<IdentityAnswer> {
  const descriptor: Descriptor = {
    ...custom({ userinfo_url: `${server.url}/me`, subject_source: source }),
    server: {
      issuer: 'https://id.example',
      jwks_uri: `${server.url}/jwks`,
      iss_supported: false,
      id_token_algs: [],
      par_endpoint: null,
      par_required: false,
    },
  };
  return askIdentity({
    descriptor,
    clientId: CLIENT,
    accessToken: 'token',
    tokenResponse: { user_id: 'ada-in-the-answer', ...(idToken === null ? {} : { id_token: idToken }) },
    callback: {},
    given: {},
    captured: {},
    answered: {},
    nonce: 'the-nonce',
    nowMs: NOW_MS,
    guard: GUARD,
  });
}

describe.each(UNUSABLE)('an id_token %s', (_name, why, make) => {
  it.each([
    ['userinfo.id', 'ada-7'],
    ['token_response.user_id', 'ada-in-the-answer'],
    ['id_token.sub | userinfo.id', 'ada-7'],
  ])('stops nothing where %s says who signed in, and is told of', async (source, subject) => {
    const told = await ask(source, await make());
    expect(told).toMatchObject({ ok: true, identity: { subject }, ignoredIdToken: why });
  });

  it('stops a connect where it alone says who signed in', async () => {
    expect(await ask('id_token.sub', await make())).toEqual({ ok: false, problem: 'id_token_invalid' });
  });
});

describe('an id_token', () => {
  it('that verifies is read, also with several audiences where it names the client', async () => {
    for (const claims of [CLAIMS, { ...CLAIMS, aud: [CLIENT, 'another'], azp: CLIENT }])
      expect(await ask('id_token.sub', await signed(claims))).toMatchObject({
        ok: true,
        identity: { subject: 'ada' },
        ignoredIdToken: null,
      });
  });

  it('that does not come leaves nobody where it alone would say who signed in', async () => {
    expect(await ask('id_token.sub', null)).toMatchObject({ ok: true, identity: { subject: null } });
  });

  it('that names another than userinfo does stops what would read it, and nothing else', async () => {
    const other = await signed({ ...CLAIMS, sub: 'somebody-else' });
    expect(await ask('id_token.sub', other)).toEqual({ ok: false, problem: 'id_token_invalid' });
    expect(await ask('userinfo.id', other)).toMatchObject({
      ok: true,
      ignoredIdToken: 'contradicts_userinfo',
    });
  });
});
