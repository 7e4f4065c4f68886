/**
 * The token service, used by an OAuth client that knows nothing of it but RFCs: `oauth4webapi` gets, asks about and ends
 * tokens in each form, `jose` verifies them with the published keys.
 */

import * as oauth from 'oauth4webapi';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../support/callers.ts';
import { issuerKey } from '../support/issuer.ts';
import { name } from '../support/world.ts';
import {
  agent,
  broker,
  fetchAs,
  form,
  issuer,
  operator,
  startTokenScene,
  stopTokenScene,
  type Made,
} from './token-scene.ts';

let server: oauth.AuthorizationServer;

const HTTP = { [oauth.allowInsecureRequests]: true } as const;

beforeAll(async () => {
  await startTokenScene();
  const ours = new URL(`${broker.url}/oauth`);
  server = await oauth.processDiscoveryResponse(
    ours,
    await oauth.discoveryRequest(ours, { algorithm: 'oauth2', ...HTTP }),
  );
});
afterAll(stopTokenScene);

type Form = { readonly made: Made; readonly auth: oauth.ClientAuth };

const FORMS: Readonly<Record<string, () => Promise<Form>>> = {
  client_secret_basic: async () => {
    const made = await agent();
    return { made, auth: oauth.ClientSecretBasic(made.key) };
  },
  client_secret_post: async () => {
    const made = await agent();
    return { made, auth: oauth.ClientSecretPost(made.key) };
  },
  private_key_jwt: async () => {
    const key = await issuerKey('mine', 'ES256');
    const { d: _, ...published } = key.jwk;
    const made = await agent({ jwks: { keys: [published] } });
    return { made, auth: oauth.PrivateKeyJwt({ key: key.privateKey, kid: 'mine' }) };
  },
};

async function granted({ made, auth }: Form): Promise<oauth.TokenEndpointResponse> {
  const as = { client_id: made.id };
  const response = await oauth.clientCredentialsGrantRequest(server, as, auth, {}, HTTP);
  return oauth.processClientCredentialsResponse(server, as, response);
}

describe.each(Object.keys(FORMS))('an unmodified client by %s', (way) => {
  it('gets a token, uses it, asks about it and ends it', async () => {
    const mine = await FORMS[way]!();
    const as = { client_id: mine.made.id };
    const { access_token: token, expires_in: life } = await granted(mine);
    expect(life).toBe(900);

    const keys = createRemoteJWKSet(new URL(String(server.jwks_uri)));
    const verified = await jwtVerify(token, keys, {
      issuer: server.issuer,
      audience: broker.url,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'client_id', 'jti', 'iat', 'exp'],
    });
    expect(verified.payload).toMatchObject({ sub: mine.made.id, client_id: mine.made.id });

    expect((await fetchAs(token)).status).toBe(200);
    const ask = async () =>
      oauth.processIntrospectionResponse(
        server,
        as,
        await oauth.introspectionRequest(server, as, mine.auth, token, HTTP),
      );
    expect(await ask()).toMatchObject({ active: true, sub: mine.made.id, iss: server.issuer });
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, as, mine.auth, token, HTTP));
    expect(await ask()).toEqual({ active: false });
    await expect.poll(async () => (await fetchAs(token)).status, { timeout: 10_000 }).toBe(401);
    expect((await granted(mine)).access_token).not.toBe(token);
  });
});

describe('a workload', () => {
  it('exchanges its own token for one of the broker, by an unmodified client', async () => {
    const sub = name('repo:acme/agent');
    const aud = 'https://broker.example';
    const made = await agent({ oidc: { issuer: issuer.url, subject: sub, audience: aud } });
    const as = { client_id: made.id };
    const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';
    const exchange = async (subject: string) =>
      oauth.processGenericTokenEndpointResponse(
        server,
        as,
        await oauth.genericTokenEndpointRequest(
          server,
          as,
          oauth.None(),
          grantType,
          { subject_token: subject, subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' },
          HTTP,
        ),
      );
    const answer = await exchange(await issuer.token({ sub, aud }));
    expect(answer).toMatchObject({
      token_type: 'bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    const reply = await fetchAs(answer.access_token);
    expect(reply.status, reply.text).toBe(200);
    const account = String(reply.body.connected_account_id);
    const page = await operator.get(`/v1/audit-events?connected_account_id=${account}`);
    expect(page.body.data[0].actor).toMatchObject({ type: 'agent', id: made.id, method: 'broker_token' });
    const own = await operator.get(`/v1/audit-events?agent=${made.id}`);
    const issued = own.body.data.find((one: { action: string }) => one.action === 'agent.token.issue');
    expect(issued.actor).toMatchObject({ id: made.id, method: 'workload_jwt' });
    await expect(exchange(await issuer.token({ sub: 'another', aud }))).rejects.toMatchObject({
      error: 'invalid_request',
    });
  });
});

describe('the token endpoint', () => {
  it('refuses what it does not do, with the error that the RFCs have for it', async () => {
    const { id, key } = await agent();
    const good = { grant_type: 'client_credentials', client_id: id, client_secret: key };
    const cases: [Record<string, string>, string][] = [
      [{ ...good, grant_type: 'password' }, 'unsupported_grant_type'],
      [{ ...good, grant_type: '' }, 'invalid_request'],
      [{ ...good, scope: 'read' }, 'invalid_scope'],
      [{ ...good, audience: 'https://elsewhere.example' }, 'invalid_target'],
      [{ ...good, resource: 'https://elsewhere.example' }, 'invalid_target'],
      [{ ...good, authorization_details: '[]' }, 'invalid_authorization_details'],
      [{ ...good, expires_in: '0' }, 'invalid_request'],
      [{ ...good, expires_in: 'soon' }, 'invalid_request'],
    ];
    for (const [fields, error] of cases) {
      const reply = await form('/oauth/token', fields);
      expect(reply, JSON.stringify(fields)).toMatchObject({
        status: 400,
        body: { error, code: 'invalid_request', correlation_id: reply.headers['x-correlation-id'] },
      });
      expect(Object.keys(reply.body)).toEqual(['error', 'error_description', 'code', 'correlation_id']);
      expect(reply.headers['cache-control']).toBe('no-store');
    }
  });

  it('is for itself alone, however often and in which spelling it is named', async () => {
    const { id, key } = await agent();
    const good = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: key });
    const named = (...values: [string, string][]) => {
      const fields = new URLSearchParams([...good, ...values]).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return call('POST', `${broker.url}/oauth/token`, { raw: fields, headers });
    };
    const [ours, elsewhere] = [broker.url, 'https://elsewhere.example'];
    expect((await named(['resource', ours], ['resource', `${ours}/`], ['audience', ours])).status).toBe(200);
    const others: [string, string][][] = [
      [
        ['resource', ours],
        ['resource', elsewhere],
      ],
      [
        ['audience', elsewhere],
        ['audience', ours],
      ],
      [['audience', `${ours}/oauth`]],
      [['resource', `${ours} ${elsewhere}`]],
    ];
    for (const values of others)
      expect(await named(...values), JSON.stringify(values)).toMatchObject({
        status: 400,
        body: { error: 'invalid_target' },
      });
    expect((await named(['resource', ''], ['audience', ''])).status).toBe(200);
  });

  it('makes a token as short as it is asked for, and none longer than fifteen minutes', async () => {
    const { id, key } = await agent();
    const ask = async (expires_in: string) =>
      (
        await form('/oauth/token', {
          grant_type: 'client_credentials',
          client_id: id,
          client_secret: key,
          expires_in,
        })
      ).body.expires_in;
    expect(await ask('60')).toBe(60);
    expect(await ask('86400')).toBe(900);
  });
});
