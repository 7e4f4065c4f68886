/**
 * Tokens that are bound to a key (RFC 9449) or to a client certificate (RFC 8705): of use to whoever has the key or the
 * certificate, and to nobody else, at every route that takes a token.
 */

import { createHmac, X509Certificate } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, type Reply } from '../support/callers.ts';
import { heldKey, keyProof, type HeldKey } from '../support/key-proofs.ts';
import { selfSigned } from '../support/self-signed.ts';
import { name } from '../support/world.ts';
import {
  agent,
  broker,
  connection,
  encoded,
  fetchAs,
  form,
  issuer,
  nowS,
  operator,
  startTokenScene,
  stopTokenScene,
  tokenOf,
  type Made,
} from './token-scene.ts';

const HEADER = 'x-client-cert';
let certified: TestBroker;
let key: HeldKey;

beforeAll(async () => {
  await startTokenScene();
  certified = await startBroker({ ownProcess: true, clientCertHeader: HEADER });
  key = await heldKey();
});
afterAll(async () => {
  await certified.dispose();
  await stopTokenScene();
});

const tokenUrl = () => `${broker.url}/oauth/token`;
const fieldsOf = ({ id, key: secret }: Made) => ({
  grant_type: 'client_credentials',
  client_id: id,
  client_secret: secret,
});

async function askBound(made: Made, by = key, proof?: string): Promise<Reply> {
  const dpop = proof ?? (await keyProof(by, { method: 'POST', url: tokenUrl() }));
  return form('/oauth/token', fieldsOf(made), { headers: { dpop } });
}

async function boundToken(made: Made, by = key): Promise<string> {
  const reply = await askBound(made, by);
  expect(reply, reply.text).toMatchObject({ status: 200, body: { token_type: 'DPoP', expires_in: 900 } });
  return String(reply.body.access_token);
}

const credentialUrl = () => `${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`;

/** A request of a bound token, with a right proof unless another is given. */
async function use(
  token: string,
  {
    proof,
    scheme = 'DPoP',
    url = credentialUrl(),
  }: { proof?: string | null; scheme?: string; url?: string } = {},
): Promise<Reply> {
  const dpop = proof === undefined ? await keyProof(key, { method: 'GET', url, token }) : proof;
  const headers = { authorization: `${scheme} ${token}`, ...(dpop === null ? {} : { dpop }) };
  return call('GET', url, { headers });
}

const refusedWith = (error: string) => ({
  status: 401,
  body: { code: 'unauthenticated' },
  headers: {
    'www-authenticate': `DPoP error="${error}", algs="ES256 ES384 ES512 EdDSA Ed25519 PS256 RS256"`,
  },
});

describe('a token that is bound to a key', () => {
  it('says so, opens with a proof of the key, and every proof counts once', async () => {
    const token = await boundToken(await agent());
    expect(decodeJwt(token)).toMatchObject({ cnf: { jkt: key.jkt } });
    const proof = await keyProof(key, { method: 'GET', url: credentialUrl(), token });
    const reply = await use(token, { proof });
    expect(reply.status, reply.text).toBe(200);
    expect(await use(token, { proof })).toMatchObject(refusedWith('invalid_dpop_proof'));
    expect((await use(token)).status).toBe(200);
  });

  it.each(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])(
    'is bound by %s',
    async (alg) => {
      const own = await heldKey(alg);
      const token = await boundToken(await agent(), own);
      const proof = await keyProof(own, { method: 'GET', url: credentialUrl(), token });
      expect((await use(token, { proof })).status).toBe(200);
    },
  );

  it('is refused as Bearer, with or without its proof, and without one under its own scheme', async () => {
    const token = await boundToken(await agent());
    expect(await use(token, { scheme: 'Bearer' })).toMatchObject(refusedWith('invalid_token'));
    expect(await use(token, { scheme: 'Bearer', proof: null })).toMatchObject(refusedWith('invalid_token'));
    expect(await use(token, { proof: null })).toMatchObject(refusedWith('invalid_dpop_proof'));
  });

  it('is the only credential under that scheme', async () => {
    const made = await agent();
    const unbound = await tokenOf(made);
    const sub = name('workload');
    const oidc = { issuer: issuer.url, subject: sub, audience: broker.url };
    await agent({ oidc });
    for (const credential of [
      unbound,
      made.key,
      broker.adminKey,
      await issuer.token({ sub, aud: broker.url }),
      'x.y.z',
    ]) {
      const proof = await keyProof(key, { method: 'GET', url: credentialUrl(), token: credential });
      expect(await use(credential, { proof })).toMatchObject(refusedWith('invalid_token'));
    }
    expect((await fetchAs(unbound)).status).toBe(200);
  });

  it('opens every route that takes a token, with a proof for that route, and none without', async () => {
    const made = await agent();
    const token = await boundToken(made);
    const account = String((await use(token)).body.connected_account_id);
    for (const path of [
      `/v1/connected-accounts/${account}/token`,
      `/v1/agents/self/credentials/${connection}?identifier=shared`,
      `/v1/agents/${made.id}/credentials`,
      `/v1/connected-accounts/${account}/wait?status=active&timeout_s=1`,
    ]) {
      const url = broker.url + path;
      expect((await use(token, { url })).status, path).toBe(200);
      const elsewhere = await keyProof(key, { method: 'GET', url: `${broker.url}/v1/agents`, token });
      expect(await use(token, { url, proof: elsewhere }), path).toMatchObject(
        refusedWith('invalid_dpop_proof'),
      );
      expect(await use(token, { url, scheme: 'Bearer' }), path).toMatchObject(refusedWith('invalid_token'));
    }
    expect(await use(token, { url: `${broker.url}/v1/agents` })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await use(token, { url: `${broker.url}/v1/agents`, proof: null })).toMatchObject(
      refusedWith('invalid_dpop_proof'),
    );
  });

  it('waits for an account for longer than the broker takes a proof for one', async () => {
    const token = await boundToken(await agent());
    const account = String((await use(token)).body.connected_account_id);
    const url = `${broker.url}/v1/connected-accounts/${account}/wait?status=disabled&timeout_s=2`;
    expect(await use(token, { url })).toMatchObject({ status: 200, body: { status: 'active' } });
  });

  it('tells its agent and operators of the key, and needs no proof to be asked about or to be ended', async () => {
    const made = await agent();
    const token = await boundToken(made);
    const fields = { client_id: made.id, client_secret: made.key, token };
    const asked = await form('/oauth/introspect', fields);
    expect(asked.body).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: key.jkt } });
    expect((await form('/oauth/revoke', fields)).status).toBe(200);
    await expect.poll(async () => (await use(token)).status, { timeout: 10_000 }).toBe(401);
  });

  it('leaves a record of a use that was refused, with its reason', async () => {
    const made = await agent();
    const token = await boundToken(made);
    await use(token, { scheme: 'Bearer' });
    await expect
      .poll(async () => {
        const page = await operator.get(`/v1/audit-events?agent=${made.id}`);
        return page.body.data.find((one: { action: string }) => one.action === 'auth.fail');
      })
      .toMatchObject({ reason: 'binding_scheme', actor: { id: made.id, method: 'broker_token' } });
  });
});

describe('a proof of a key', () => {
  type Bend = (right: { token?: string; method: string; url: string }) => Promise<string>;
  let other: HeldKey;
  let rsa: HeldKey;
  let wideRsa: HeldKey;
  beforeAll(async () => {
    other = await heldKey();
    rsa = await heldKey('RS256');
    wideRsa = await heldKey('RS256', { modulusLength: 5120 });
  });

  const unsigned = async (right: Parameters<Bend>[0], header: object) => {
    const [, body] = (await keyProof(key, right)).split('.');
    return `${encoded(header)}.${body}`;
  };
  const symmetric = { kty: 'oct', k: Buffer.from('a secret that everybody knows').toString('base64url') };

  const BENT: Record<string, Bend> = {
    'that is no token': () => Promise.resolve('x.y.z'),
    'that comes twice': async (right) => `${await keyProof(key, right)}, ${await keyProof(key, right)}`,
    'that is too large': (right) => keyProof(key, right, { more: 'x'.repeat(8_192) }),
    'with HS256 and a symmetric key of its own': async (right) => {
      const text = await unsigned(right, { typ: 'dpop+jwt', alg: 'HS256', jwk: symmetric });
      const secret = Buffer.from(symmetric.k, 'base64url');
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
    'with the private key': (right) => keyProof(key, right, {}, { jwk: key.privateJwk }),
    'with the private key of RSA': (right) => keyProof(rsa, right, {}, { jwk: rsa.privateJwk }),
    'with a key as large as an RSA key may be dear': (right) => keyProof(wideRsa, right),
    'with an RSA exponent that is dear': (right) =>
      keyProof(rsa, right, {}, { jwk: { ...rsa.jwk, e: 'AQABAQABAQAB' } }),
    'without a key': (right) => keyProof(key, right, {}, { jwk: undefined }),
    'with a key that is a list': (right) => keyProof(key, right, {}, { jwk: [key.jwk] }),
    'with a key of another curve': (right) => keyProof(key, right, {}, { jwk: { ...key.jwk, crv: 'P-384' } }),
    'signed by another key than it shows': (right) => keyProof(other, right, {}, { jwk: key.jwk }),
    'for another method': (right) => keyProof(key, { ...right, method: 'DELETE' }),
    'for the method in small letters': (right) =>
      keyProof(key, { ...right, method: right.method.toLowerCase() }),
    'for another path': (right) => keyProof(key, { ...right, url: `${broker.url}/v1/agents` }),
    'for another host': (right) =>
      keyProof(key, { ...right, url: right.url.replace('127.0.0.1', 'broker.example') }),
    'for a path with a slash behind': (right) =>
      keyProof(key, { ...right, url: `${right.url.split('?')[0]}/` }),
    'with a query in its address': (right) => keyProof(key, right, { htu: `${right.url.split('?')[0]}?a=b` }),
    'with a fragment in its address': (right) =>
      keyProof(key, right, { htu: `${right.url.split('?')[0]}#a` }),
    'with a name in its address': (right) =>
      keyProof(key, right, { htu: right.url.split('?')[0]?.replace('//', '//a@') }),
    'without a method': (right) => keyProof(key, right, { htm: undefined }),
    'without a jti': (right) => keyProof(key, right, { jti: undefined }),
  };

  it.each(Object.keys(BENT))('%s opens nothing and binds nothing', async (what) => {
    const bend = BENT[what]!;
    const made = await agent();
    const token = await boundToken(made);
    const proof = await bend({ method: 'GET', url: credentialUrl(), token });
    expect(await use(token, { proof })).toMatchObject(refusedWith('invalid_dpop_proof'));
    const asked = await askBound(made, key, await bend({ method: 'POST', url: tokenUrl() }));
    expect(asked).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof', code: 'invalid_request' },
    });
    expect((await use(token)).status).toBe(200);
  });

  it('for another token, for none, or of another key opens nothing', async () => {
    const made = await agent();
    const [token, second] = [await boundToken(made), await boundToken(made)];
    const right = { method: 'GET', url: credentialUrl() };
    for (const proof of [
      await keyProof(key, { ...right, token: second }),
      await keyProof(key, right),
      await keyProof(key, { ...right, token }, { ath: 'x' }),
    ])
      expect(await use(token, { proof })).toMatchObject(refusedWith('invalid_dpop_proof'));
    const proof = await keyProof(other, { ...right, token });
    expect(await use(token, { proof })).toMatchObject(refusedWith('invalid_token'));
  });

  it('may be as far away as the skew of clocks, spell its address in another way, and carry more', async () => {
    const made = await agent();
    const token = await boundToken(made);
    const right = { method: 'GET', url: credentialUrl(), token };
    const spelt = credentialUrl().split('?')[0]!.replace('http:', 'HTTP:').replace('/self/', '/%73elf/');
    for (const proof of [
      await keyProof(key, right, { iat: nowS() - 55 }),
      await keyProof(key, right, { iat: nowS() + 55 }),
      await keyProof(key, right, { htu: spelt }),
      await keyProof(
        key,
        right,
        { nonce: 'of nobody', more: 1 },
        { kid: 'x', jwk: { ...key.jwk, kid: 'x' } },
      ),
    ]) {
      const reply = await use(token, { proof });
      expect(reply.status, reply.text).toBe(200);
    }
  });

  it('counts once among many at once, at the token endpoint too, and after a restart of the broker', async () => {
    const made = await agent();
    const token = await boundToken(made);
    const proof = await keyProof(key, { method: 'GET', url: credentialUrl(), token });
    const crowd = await Promise.all(Array.from({ length: 20 }, () => use(token, { proof })));
    expect(crowd.filter(({ status }) => status === 200)).toHaveLength(1);

    const forToken = await keyProof(key, { method: 'POST', url: tokenUrl() });
    const asked = await Promise.all(Array.from({ length: 10 }, () => askBound(made, key, forToken)));
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(asked.find(({ status }) => status !== 200)).toMatchObject({
      status: 400,
      body: { error: 'invalid_dpop_proof' },
    });

    await broker.kill();
    await broker.restart();
    expect(await use(token, { proof })).toMatchObject(refusedWith('invalid_dpop_proof'));
    expect((await askBound(made, key, forToken)).body.error).toBe('invalid_dpop_proof');
    expect((await use(token)).status).toBe(200);
  });
});

describe('a token that is bound to a client certificate', () => {
  const certOf = (cert: string) => ({ [HEADER]: encodeURIComponent(cert) });
  const x5t = (cert: string) =>
    Buffer.from(new X509Certificate(cert).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  const list = (token: string, headers: Record<string, string>) =>
    call('GET', `${certified.url}/v1/agents/self/credentials`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
  const made = () => agent({ policy: { rules: [] } }, certified);
  const ask = async (who: Made, headers: Record<string, string>) =>
    form('/oauth/token', fieldsOf(who), { at: certified, headers });

  it('is made for whoever asks over one, and opens over that one alone', async () => {
    const [mine, yours] = [selfSigned('mine').cert, selfSigned('yours').cert];
    const reply = await ask(await made(), certOf(mine));
    expect(reply, reply.text).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
    const token = String(reply.body.access_token);
    expect(decodeJwt(token)).toMatchObject({ cnf: { 'x5t#S256': x5t(mine) } });
    expect((await list(token, certOf(mine))).status).toBe(200);
    for (const headers of [{}, certOf(yours), { [HEADER]: 'x' }]) {
      const refused = await list(token, headers);
      expect(refused.status).toBe(401);
      expect(refused.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    }
    const asked = await form(
      '/oauth/introspect',
      { token },
      { at: certified, headers: { authorization: `Bearer ${certified.adminKey}` } },
    );
    expect(asked.body).toMatchObject({ token_type: 'Bearer', cnf: { 'x5t#S256': x5t(mine) } });
  });

  it('is not made over one that cannot be read, and no unbound one is made in its place', async () => {
    expect(await ask(await made(), { [HEADER]: 'x' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });

  it('may be bound to a key as well, and then needs both', async () => {
    const mine = selfSigned('both').cert;
    const url = `${certified.url}/v1/agents/self/credentials`;
    const dpop = await keyProof(key, { method: 'POST', url: `${certified.url}/oauth/token` });
    const reply = await ask(await made(), { ...certOf(mine), dpop });
    const token = String(reply.body.access_token);
    expect(decodeJwt(token)).toMatchObject({ cnf: { jkt: key.jkt, 'x5t#S256': x5t(mine) } });
    const proof = () => keyProof(key, { method: 'GET', url, token });
    const both = { authorization: `DPoP ${token}`, ...certOf(mine) };
    expect((await call('GET', url, { headers: { ...both, dpop: await proof() } })).status).toBe(200);
    expect((await call('GET', url, { headers: both })).status).toBe(401);
    const { [HEADER]: _, ...keyAlone } = { ...both, dpop: await proof() };
    expect((await call('GET', url, { headers: keyAlone })).status).toBe(401);
  });
});

it('a workload’s token is exchanged for one that is bound to its key', async () => {
  const sub = name('bound-workload');
  await agent({ oidc: { issuer: issuer.url, subject: sub, audience: broker.url } });
  const fields = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await issuer.token({ sub, aud: broker.url }),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  };
  const dpop = await keyProof(key, { method: 'POST', url: tokenUrl() });
  const reply = await form('/oauth/token', fields, { headers: { dpop } });
  expect(reply, reply.text).toMatchObject({ status: 200, body: { token_type: 'DPoP' } });
  const token = String(reply.body.access_token);
  expect((await use(token)).status).toBe(200);
  expect((await fetchAs(token)).status).toBe(401);
});

it('a broker behind another address takes proofs for the address that its setting names', async () => {
  const far = await startBroker({ settings: { BASE_URL: 'https://broker.example/' } });
  try {
    const who = await agent({ policy: { rules: [] } }, far);
    const ask = async (url: string) =>
      form('/oauth/token', fieldsOf(who), {
        at: far,
        headers: { dpop: await keyProof(key, { method: 'POST', url }) },
      });
    expect((await ask('https://broker.example/oauth/token')).status).toBe(200);
    expect((await ask(`${far.url}/oauth/token`)).body.error).toBe('invalid_dpop_proof');
  } finally {
    await far.dispose();
  }
});
