/**
 * The token service, used by an OAuth client that knows nothing of it but RFCs: `oauth4webapi` gets, asks about and ends
 * tokens in each form, `jose` verifies them with the published keys.
 */

import * as oauth from 'oauth4webapi';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth-server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { issuerKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { name, world, type World } from '../support/world.ts';

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let operator: Client;
let connection: string;
let server: oauth.AuthorizationServer;
let issuer: Issuer;

const HTTP = { [oauth.allowInsecureRequests]: true } as const;

beforeAll(async () => {
  provider = await startOAuthServer();
  broker = await startBroker();
  issuer = await startIssuer(await issuerKey('one'));
  w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  connection = await w.connection();
  const grant = await provider.grant({});
  await w.account(connection, 'shared', { type: 'oauth2', refresh_token: grant.refreshToken });
  const ours = new URL(`${broker.url}/oauth`);
  server = await oauth.processDiscoveryResponse(
    ours,
    await oauth.discoveryRequest(ours, { algorithm: 'oauth2', ...HTTP }),
  );
});
afterAll(async () => {
  await broker.dispose();
  await Promise.all([provider.close(), issuer.close()]);
});

interface Made {
  readonly id: string;
  readonly key: string;
}

async function agent(more: Record<string, unknown> = {}): Promise<Made> {
  const id = name('agent');
  const policy = { rules: [{ connection, identifiers: ['shared'] }] };
  const made = await operator.post('/v1/agents', { id, policy, key: true, ...more });
  expect(made.status, made.text).toBe(201);
  return { id, key: String(made.body.key) };
}

const fetchAs = (token: string): Promise<Reply> =>
  call('GET', `${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`, { key: token });

const form = (
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  call('POST', `${broker.url}${path}`, {
    raw: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

async function tokenOf({ id, key }: Made, more: Record<string, string> = {}): Promise<string> {
  const fields = { grant_type: 'client_credentials', client_id: id, client_secret: key, ...more };
  const reply = await form('/oauth/token', fields);
  expect(reply.status, reply.text).toBe(200);
  return String(reply.body.access_token);
}

const UNAUTHENTICATED = { status: 401, body: { code: 'unauthenticated' } };

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

describe.each(Object.keys(FORMS))('an unmodified client by %s', (form) => {
  it('gets a token, uses it, asks about it and ends it', async () => {
    const mine = await FORMS[form]!();
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
