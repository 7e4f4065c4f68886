/**
 * How a client of the token service authenticates itself, and every way in which it may not: assertions that are bent,
 * borrowed or come again, and secrets in wrong places.
 */

import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/callers.ts';
import { issuerKey, type IssuerKey } from '../support/issuer.ts';
import { name } from '../support/world.ts';
import {
  agent,
  broker,
  encoded,
  fetchAs,
  form,
  issuer,
  nowS,
  startTokenScene,
  stopTokenScene,
  type Made,
} from './token-scene.ts';

let strangers: IssuerKey;

beforeAll(async () => {
  await startTokenScene();
  strangers = await issuerKey('strangers', 'ES256');
});
afterAll(stopTokenScene);

describe('an assertion of a client', () => {
  let mine: Made;
  let key: IssuerKey;
  const ours = () => `${broker.url}/oauth`;

  beforeAll(async () => {
    key = await issuerKey('mine', 'ES256');
    const { d: _, ...published } = key.jwk;
    mine = await agent({ jwks: { keys: [published] } });
  });

  const asserted = (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    by: IssuerKey = key,
  ) =>
    new SignJWT({
      iss: mine.id,
      sub: mine.id,
      aud: ours(),
      jti: name('jti'),
      iat: nowS(),
      exp: nowS() + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: by.alg, kid: 'mine', ...header } as never)
      .sign(by.privateKey);

  const ask = (assertion: string, path = '/oauth/token', more: Record<string, string> = {}) =>
    form(path, {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...more,
    });

  const INVALID_CLIENT = { status: 401, body: { error: 'invalid_client', code: 'unauthenticated' } };

  it('passes in every form that the standards allow', async () => {
    for (const assertion of [
      await asserted(),
      await asserted({}, { typ: 'JWT' }),
      await asserted({}, { typ: 'client-authentication+jwt' }),
      await asserted({ iat: undefined }),
      await asserted({ exp: nowS() - 50, iat: nowS() - 110 }),
      await asserted({ iat: nowS() + 50, exp: nowS() + 110 }),
      await asserted({}, { jku: `${issuer.url}/jwks`, jwk: await exportJWK(strangers.publicKey) }),
    ])
      expect((await ask(assertion)).status).toBe(200);
  });

  it('bent in any way proves no client', async () => {
    const bad: Record<string, string> = {
      'of a stranger’s key': await asserted({}, {}, strangers),
      'of a stranger’s key that it brings': await asserted(
        {},
        { jwk: await exportJWK(strangers.publicKey) },
        strangers,
      ),
      'for the endpoint': await asserted({ aud: `${broker.url}/oauth/token` }),
      'for the origin': await asserted({ aud: broker.url }),
      'for a list': await asserted({ aud: [ours()] }),
      'for another broker': await asserted({ aud: `https://other.example/oauth` }),
      'of another issuer': await asserted({ iss: 'another' }),
      'of another subject': await asserted({ sub: 'another' }),
      'without jti': await asserted({ jti: undefined }),
      'with a long jti': await asserted({ jti: 'x'.repeat(257) }),
      'without an end': await asserted({ exp: undefined }),
      'that is over': await asserted({ exp: nowS() - 70, iat: nowS() - 130 }),
      'that lives for longer than a minute': await asserted({ exp: nowS() + 61 }),
      'that lives for long and says no beginning': await asserted({ exp: nowS() + 180, iat: undefined }),
      'of a later time': await asserted({ iat: nowS() + 90, exp: nowS() + 110 }),
      'of another type': await asserted({}, { typ: 'at+jwt' }),
      'with alg none': `${encoded({ alg: 'none' })}.${(await asserted()).split('.')[1]}.`,
      'that is no token': 'x.y.z',
    };
    for (const [what, assertion] of Object.entries(bad))
      expect(await ask(assertion), what).toMatchObject(INVALID_CLIENT);
    expect(await ask(await asserted(), '/oauth/token', { client_id: 'another' })).toMatchObject(
      INVALID_CLIENT,
    );
  });

  it('is taken once, at every endpoint together, also by many at once and after a restart', async () => {
    const first = await asserted();
    expect((await ask(first)).status).toBe(200);
    expect(await ask(first)).toMatchObject(INVALID_CLIENT);
    expect(await ask(first, '/oauth/introspect', { token: 'x' })).toMatchObject(INVALID_CLIENT);

    const crowd = await asserted();
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(crowd)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);

    const second = await asserted({}, {}, key);
    expect((await ask(second, '/oauth/introspect', { token: 'x' })).body).toEqual({ active: false });
    await broker.kill();
    await broker.restart();
    for (const used of [first, crowd, second]) expect(await ask(used)).toMatchObject(INVALID_CLIENT);
    expect((await ask(await asserted())).status).toBe(200);
  });

  it('of an agent that publishes its keys passes, and none where they cannot be read', async () => {
    const there = await agent({ jwks_uri: `${issuer.url}/jwks` });
    const signed = (id: string) => asserted({ iss: id, sub: id }, { kid: 'one' }, issuer.keys[0]);
    expect((await ask(await signed(there.id))).status).toBe(200);
    expect(await ask(await asserted({ iss: there.id, sub: there.id }))).toMatchObject(INVALID_CLIENT);
    const gone = await agent({ jwks_uri: `${issuer.url}/nothing` });
    expect(await ask(await signed(gone.id))).toMatchObject({
      status: 503,
      body: { error: 'temporarily_unavailable' },
    });
  });

  it('of an agent that is not there, or has no keys, proves no client', async () => {
    const bare = await agent();
    for (const id of ['nobody-at-all', bare.id])
      expect(await ask(await asserted({ iss: id, sub: id }))).toMatchObject(INVALID_CLIENT);
  });
});

describe('a secret of a client', () => {
  const token = (fields: Record<string, string>, headers = {}) =>
    form('/oauth/token', { grant_type: 'client_credentials', ...fields }, { headers });
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
  });

  it('is the key of that agent, in one place alone', async () => {
    const [mine, yours] = [await agent(), await agent()];
    const post = { client_id: mine.id, client_secret: mine.key };
    expect((await token(post)).status).toBe(200);
    expect((await token({}, basic(mine.id, mine.key))).status).toBe(200);
    expect((await token({ client_id: mine.id }, basic(mine.id, mine.key))).status).toBe(200);
    for (const [fields, headers] of [
      [{ client_id: yours.id, client_secret: mine.key }, {}],
      [{}, basic(yours.id, mine.key)],
      [{ client_id: 'admin', client_secret: broker.adminKey }, {}],
      [{}, basic(mine.id, 'wrong')],
      [{}, { authorization: `Bearer ${mine.key}` }],
      [{}, { authorization: 'Basic !' }],
      [post, { 'x-api-key': mine.key }],
    ] as const)
      expect(await token(fields, headers)).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
        headers: { 'www-authenticate': 'Basic realm="oauth"' },
      });
    for (const [fields, headers] of [
      [post, basic(mine.id, mine.key)],
      [{ client_id: yours.id }, basic(mine.id, mine.key)],
      [{ client_secret: mine.key }, {}],
    ] as const)
      expect(await token(fields, headers)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(
      (await call('POST', `${broker.url}/oauth/token?client_secret=${mine.key}`, { raw: '' })).status,
    ).toBe(400);
    const twice = `grant_type=client_credentials&client_id=${mine.id}&client_id=${mine.id}&client_secret=${mine.key}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await call('POST', `${broker.url}/oauth/token`, { raw: twice, headers })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  it('that is guessed closes its key, here as anywhere', async () => {
    const mine = await agent();
    const wrong = `${mine.key.slice(0, -30)}${'0'.repeat(24)}${mine.key.slice(-6)}`;
    for (let n = 0; n < 5; n += 1)
      expect((await token({ client_id: mine.id, client_secret: wrong })).status).toBe(401);
    const closed = await token({ client_id: mine.id, client_secret: mine.key });
    expect(closed).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(Number(closed.headers['retry-after'])).toBeGreaterThan(0);
    expect((await fetchAs(mine.key)).status).toBe(429);
  });
});
