/**
 * Tokens of the broker that an attacker bends, borrows or keeps. Every one is refused with the same answer, whatever was
 * wrong with it.
 */

import { createHmac, createPublicKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call } from '../support/callers.ts';
import { issuerKey, type IssuerKey } from '../support/issuer.ts';
import { PATIENCE_MS } from '../support/patience.ts';
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
} from './token-scene.ts';

let other: TestBroker;
let strangers: IssuerKey;

beforeAll(async () => {
  await startTokenScene();
  other = await startBroker();
  strangers = await issuerKey('strangers', 'ES256');
});
afterAll(async () => {
  await other.dispose();
  await stopTokenScene();
});

/** The status, once the isolate has forgotten what it remembers for less than a second. */
const becomes = (token: string, status: number) =>
  expect.poll(async () => (await fetchAs(token)).status, { timeout: 10_000 }).toBe(status);

const WRONG = { status: 401, body: { code: 'unauthenticated', detail: 'this is not a valid key' } };
describe('a token of the broker', () => {
  it('bent in any way proves nobody', async () => {
    const mine = await agent();
    const good = await tokenOf(mine);
    expect((await fetchAs(good)).status).toBe(200);
    const [head = '', body = '', signature = ''] = good.split('.');
    const header = decodeProtectedHeader(good);
    const claims = decodeJwt(good);
    const published = (await call('GET', `${broker.url}/.well-known/jwks.json`)).body.keys;
    const ours = published.find((key: { kid: string }) => key.kid === header.kid);
    const pem = createPublicKey({ key: ours, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const p384 = await issuerKey('p384', 'ES384');
    const rsa = await issuerKey('rsa', 'RS256');
    const byStranger = (
      protectedHeader: Record<string, unknown>,
      more: Record<string, unknown> = {},
      key: IssuerKey = strangers,
    ) =>
      new SignJWT({ ...claims, ...more })
        .setProtectedHeader({ ...header, alg: key.alg, ...protectedHeader } as never)
        .sign(key.privateKey);
    const foreign = await exportJWK(strangers.publicKey);
    const hs256 = (secret: string) => {
      const text = `${encoded({ ...header, alg: 'HS256' })}.${body}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const bent: Record<string, string> = {
      'alg none': `${encoded({ ...header, alg: 'none' })}.${body}.`,
      'alg none with the signature': `${encoded({ ...header, alg: 'none' })}.${body}.${signature}`,
      'HS256 with the public key as PEM': hs256(String(pem)),
      'HS256 with the public key as JSON': hs256(JSON.stringify(ours)),
      'another curve under our kid': await byStranger({ alg: 'ES384' }, {}, p384),
      'RSA under our kid': await byStranger({ alg: 'RS256' }, {}, rsa),
      'another key under our kid': await byStranger({}),
      'a foreign kid': await byStranger({ kid: 'strangers' }),
      'no kid': await byStranger({ kid: undefined }),
      'a jwk of its own': await byStranger({ jwk: foreign }),
      'a jwk and its kid': await byStranger({ jwk: foreign, kid: 'strangers' }),
      'a jku': await byStranger({ jku: `${issuer.url}/jwks`, kid: 'one' }),
      'an x5u': await byStranger({ x5u: issuer.url }),
      'an x5c': await byStranger({ x5c: ['AAAA'] }),
      'another subject': `${head}.${encoded({ ...claims, sub: 'another', client_id: 'another' })}.${signature}`,
      'a longer life': `${head}.${encoded({ ...claims, exp: nowS() + 86_400 })}.${signature}`,
      'another type': `${encoded({ ...header, typ: 'JWT' })}.${body}.${signature}`,
      'a critical header': `${encoded({ ...header, crit: ['b64'], b64: true })}.${body}.${signature}`,
      'no signature': `${head}.${body}.`,
      'a cut signature': `${head}.${body}.${signature.slice(0, -4)}`,
      'an empty signature of zeros': `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
    };
    for (const [what, token] of Object.entries(bent)) {
      expect(token, what).not.toBe(good);
      expect(await fetchAs(token), what).toMatchObject(WRONG);
      const asked = await form(
        '/oauth/introspect',
        { token },
        { headers: { authorization: `Bearer ${broker.adminKey}` } },
      );
      expect({ status: asked.status, body: asked.body }, what).toEqual({
        status: 200,
        body: { active: false },
      });
    }
    expect((await fetchAs(good)).status).toBe(200);
  });

  it('of another broker proves nobody, also for an agent of the same name', async () => {
    const mine = await agent();
    const theirs = await agent({ policy: { rules: [] } }, other, mine.id);
    const token = await tokenOf(theirs, other);
    expect(await fetchAs(token)).toMatchObject(WRONG);
    await tokenOf(mine);
    expect(await fetchAs(token)).toMatchObject(WRONG);
  });

  it('is of its agent alone', async () => {
    const [mine, yours] = [await agent(), await agent()];
    const token = await tokenOf(mine);
    const asYours = { client_id: yours.id, client_secret: yours.key, token };
    expect((await form('/oauth/introspect', asYours)).body).toEqual({ active: false });
    expect(await form('/oauth/revoke', asYours)).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client' },
    });
    expect((await fetchAs(token)).status).toBe(200);
    const list = await call('GET', `${broker.url}/v1/agents/${yours.id}/credentials`, { key: token });
    expect(list.status).toBe(404);
    expect((await call('GET', `${broker.url}/v1/agents/${mine.id}`, { key: token })).body.code).toBe(
      'forbidden',
    );
  });

  it('dies with its agent, and does not live again with the next of that name', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    expect((await fetchAs(token)).status).toBe(200);
    expect((await operator.delete(`/v1/agents/${mine.id}`)).status).toBe(204);
    await becomes(token, 401);
    await agent({}, broker, mine.id);
    expect(await fetchAs(token)).toMatchObject(WRONG);
  });

  it('that no key asked for dies with its agent too, also where the next one trusts the same workload', async () => {
    const of = { sub: name('repo:acme/agent'), aud: 'https://broker.example' };
    const oidc = { issuer: issuer.url, subject: of.sub, audience: of.aud };
    const mine = await agent({ oidc });
    const exchange = async () =>
      form('/oauth/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: await issuer.token(of),
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      });
    const token = String((await exchange()).body.access_token);
    expect(decodeJwt(token)).not.toHaveProperty('key_id');
    expect((await fetchAs(token)).status).toBe(200);
    expect((await operator.delete(`/v1/agents/${mine.id}`)).status).toBe(204);
    await becomes(token, 401);
    await agent({ oidc }, broker, mine.id);
    expect(await fetchAs(token)).toMatchObject(WRONG);
    await expect.poll(async () => (await exchange()).status, { timeout: PATIENCE_MS }).toBe(200);
    expect(await fetchAs(token)).toMatchObject(WRONG);
  });

  it('dies with the key that asked for it, and no other does', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    const second = await operator.post(`/v1/agents/${mine.id}/keys`, {});
    const survives = await tokenOf({ ...mine, key: String(second.body.key) });
    expect((await operator.delete(`/v1/agents/${mine.id}/keys/${mine.keyId}`)).status).toBe(204);
    await becomes(token, 401);
    expect((await fetchAs(survives)).status).toBe(200);
  });

  it('does not outlive the end of its key', async () => {
    const mine = await agent();
    const made = await operator.post(`/v1/agents/${mine.id}/keys`, { expires_in: 120 });
    const fields = { grant_type: 'client_credentials', client_id: mine.id, client_secret: made.body.key };
    const reply = await form('/oauth/token', fields);
    expect(reply.body.expires_in).toBeLessThanOrEqual(120);
    expect(reply.body.expires_in).toBeGreaterThan(0);
  });

  it('ends when an operator ends all of its agent, also one of the same second; a new one holds at once', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    expect((await operator.post(`/v1/agents/${mine.id}/revoke-tokens`)).status).toBe(200);
    await becomes(token, 401);
    expect((await fetchAs(mine.key)).status).toBe(200);
    expect((await fetchAs(await tokenOf(mine))).status).toBe(200);
  });

  it('of a suspended agent is refused as such, and none is made for it', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    expect((await operator.post(`/v1/agents/${mine.id}/suspend`)).status).toBe(200);
    await becomes(token, 403);
    expect((await fetchAs(token)).body).toMatchObject({ code: 'policy_denied', reason: 'agent_suspended' });
    const fields = { grant_type: 'client_credentials', client_id: mine.id, client_secret: mine.key };
    expect(await form('/oauth/token', fields)).toMatchObject({
      status: 400,
      body: { error: 'unauthorized_client', code: 'policy_denied' },
    });
    const asked = await form('/oauth/introspect', { client_id: mine.id, client_secret: mine.key, token });
    expect(asked.body).toEqual({ active: false });
  });

  it('makes no token of its own, and asks about none', async () => {
    const token = await tokenOf(await agent());
    const headers = { authorization: `Bearer ${token}` };
    expect((await form('/oauth/token', { grant_type: 'client_credentials' }, { headers })).status).toBe(401);
    expect(await form('/oauth/introspect', { token }, { headers })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
  });

  it('is asked about by one who proves itself in one way', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    const fields = { token, client_id: mine.id, client_secret: mine.key };
    const headers = { authorization: `Bearer ${broker.adminKey}` };
    for (const path of ['/oauth/introspect', '/oauth/revoke'])
      expect(await form(path, fields, { headers })).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
    expect((await fetchAs(token)).status).toBe(200);
  });

  it('in the query, in a body or in another header is refused, and so is one beside a key', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    const url = `${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`;
    for (const reply of [
      await call('GET', `${url}&access_token=${token}`, { key: token }),
      await call('GET', url, { key: token, headers: { 'x-api-key': token } }),
      await call('GET', `${url}&access_token=${token}`),
    ])
      expect(reply).toMatchObject({ status: expect.toSatisfy((status) => status === 401 || status === 400) });
  });
});

describe('a signing key', () => {
  it('that was replaced after a theft takes its tokens with it', async () => {
    const mine = await agent();
    const before = await tokenOf(mine);
    const kidOf = (token: string) => decodeProtectedHeader(token).kid;
    const made = await operator.post('/v1/signing-keys', { end_previous: true });
    expect(made, made.text).toMatchObject({ status: 201, body: { status: 'signing', ends_at: null } });
    await expect.poll(async () => kidOf(await tokenOf(mine)), { timeout: 10_000 }).toBe(made.body.kid);
    expect(await fetchAs(before)).toMatchObject(WRONG);
    const keys = (await call('GET', `${broker.url}/.well-known/jwks.json`)).body.keys;
    expect(keys.map(({ kid }: { kid: string }) => kid)).toEqual([made.body.kid]);
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it('that is made before its time is published and does not sign yet; there is one such at most', async () => {
    const mine = await agent();
    const token = await tokenOf(mine);
    const next = await operator.post('/v1/signing-keys', {});
    expect(next).toMatchObject({ status: 201, body: { status: 'next' } });
    expect((await operator.post('/v1/signing-keys', {})).body.code).toBe('conflict');
    const keys = (await call('GET', `${broker.url}/.well-known/jwks.json`)).body.keys;
    expect(keys.map(({ kid }: { kid: string }) => kid)).toContain(next.body.kid);
    expect(decodeProtectedHeader(await tokenOf(mine)).kid).toBe(decodeProtectedHeader(token).kid);
    expect((await fetchAs(token)).status).toBe(200);
    const listed = await operator.get('/v1/signing-keys');
    expect(listed.body.data.map(({ status }: { status: string }) => status)).toEqual(['next', 'signing']);
  });
});
