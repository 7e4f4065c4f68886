/** Claims of an id_token as they were written, signed or not. */

import { exportJWK, generateKeyPair, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkIdToken } from '#egress/identity/id-token.ts';
import { identityOf } from '#providers/identity.ts';
import { startServer, type HostileServer } from '../../support/hostile-server.ts';
import { custom } from '../providers/descriptors.ts';

const ID = '17841405309211915';
let server: HostileServer;
let keys: CryptoKeyPair;

beforeAll(async () => {
  keys = (await generateKeyPair('ES256')) as CryptoKeyPair;
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256' };
  server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
});
afterAll(() => server.close());

/** The token with its subject as a number. */
const numeric = (text: string): string => {
  const [header, payload, signature] = text.split('.');
  const claims = Buffer.from(payload ?? '', 'base64url')
    .toString('utf8')
    .replace(`"${ID}"`, ID);
  return [header, Buffer.from(claims).toString('base64url'), signature].join('.');
};

describe('a subject that is a whole number beyond 2^53', () => {
  const nowMs = Date.now();
  const claims = { account: ID };
  const exp = Math.floor(nowMs / 1000) + 600;
  const checks = { clientId: 'c', nonce: null, nowMs, guard: { allowLoopback: true, ownHost: null } };

  it('is told exactly where the issuer publishes no keys', async () => {
    const text = new UnsecuredJWT(claims).setAudience('c').setExpirationTime(exp).encode();
    const descriptor = custom({ subject_source: 'id_token.account' });
    const checked = await checkIdToken(numeric(text), { ...checks, descriptor });
    if (!checked.ok) throw new Error(checked.problem);
    const facts = { idToken: checked.claims, userinfo: null, tokenResponse: null, callback: {} };
    expect(identityOf(descriptor, facts).subject).toBe(ID);
  });

  it('is told exactly where the signature was checked', async () => {
    const bytes = `{"iss":"${server.url}","aud":"c","exp":${exp},"account":${ID}}`;
    const payload = JSON.parse(bytes.replace(ID, `"${ID}"`)) as Record<string, unknown>;
    expect(payload['account']).toBe(ID);
    // Signed over the number itself, which no serializer of this runtime writes.
    const head = Buffer.from('{"alg":"ES256","kid":"k"}').toString('base64url');
    const body = Buffer.from(bytes).toString('base64url');
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      keys.privateKey,
      Buffer.from(`${head}.${body}`),
    );
    const text = `${head}.${body}.${Buffer.from(signature).toString('base64url')}`;
    const plain = custom({ subject_source: 'id_token.account' });
    const facts = { issuer: server.url, jwks_uri: `${server.url}/jwks`, iss_supported: false, id_token_algs: ['ES256'], par_endpoint: null, par_required: false }; // prettier-ignore
    const checked = await checkIdToken(text, { ...checks, descriptor: { ...plain, server: facts } });
    if (!checked.ok) throw new Error(checked.problem);
    expect(checked.claims['account']).toBe(ID);
  });
});
