/**
 * Machine grants against a real OAuth server (`oidc-provider`): client credentials of RFC 6749, and a grant type of
 * RFC 7523 whose handler verifies the assertion and lets each be used once.
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { importSPKI, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
// @ts-expect-error: an untyped module; what is used of it is typed below.
import { errors as untypedErrors, Provider as Untyped } from 'oidc-provider';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { PRIVATE_KEY, PUBLIC_KEY } from './machine-scene.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SECRET = 'a-client-secret-of-the-real-server';

interface Context {
  path: string;
  status: number;
  body: unknown;
  get(header: string): string;
  readonly oidc: { readonly client: { readonly clientId: string }; readonly params: Record<string, string> };
}
interface Token {
  readonly clientId: string;
  readonly scope?: string;
  save(): Promise<string>;
}
interface RealServer {
  silent: boolean;
  use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): void;
  registerGrantType(name: string, handler: (ctx: Context) => Promise<void>, params: string[]): void;
  callback(): Parameters<typeof createServer>[1];
  readonly ClientCredentials: {
    new (input: { client: unknown; scope: string; expiresIn?: number }): Token;
    find(token: string): Promise<Token | undefined>;
  };
}
const Provider = Untyped as new (issuer: string, configuration: object) => RealServer;
const { InvalidGrant } = untypedErrors as { InvalidGrant: new (why: string) => Error };

const WORKER = 'real-worker';
const CLIENT = 'real-client';
const ROBOT = 'real-robot';

let broker: TestBroker;
let http: Server;
let origin: string;
let operator: Client;
let agent: Client;
/** Clients whose assertions are refused from now on. */
const withdrawn = new Set<string>();
const assertions: string[] = [];

beforeAll(async () => {
  http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const provider = serverAt(origin);
  http.on('request', provider.callback() as never);
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: 'real-*', identifiers: ['*'] }] };
  agent = client(
    broker.url,
    String((await operator.post('/v1/agents', { id: WORKER, policy, key: true })).body.key),
  );
});
afterAll(async () => {
  await broker.dispose();
  http.closeAllConnections();
  http.close();
});

function serverAt(issuer: string): RealServer {
  const own = (client_id: string, grant: string) => ({
    client_id,
    client_secret: SECRET,
    grant_types: [grant],
    redirect_uris: [],
    response_types: [],
    scope: 'contacts.read contacts.write',
  });
  const provider = new Provider(issuer, {
    clients: [own('machine', 'client_credentials'), own('robot', JWT_BEARER)],
    scopes: ['contacts.read', 'contacts.write'],
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
    ttl: { ClientCredentials: 600 },
  });
  provider.silent = true;
  const used = new Set<unknown>();
  provider.registerGrantType(
    JWT_BEARER,
    async (ctx) => {
      const { client: asking, params } = ctx.oidc;
      assertions.push(params['assertion'] ?? '');
      const key = await importSPKI(PUBLIC_KEY, 'RS256');
      const { payload } = await jwtVerify(params['assertion'] ?? '', key, {
        issuer: asking.clientId,
        audience: `${issuer}/token`,
        subject: 'ada',
        maxTokenAge: '10m',
        requiredClaims: ['exp', 'jti', 'scope'],
      }).catch(() => {
        throw new InvalidGrant('the assertion does not hold');
      });
      if (used.has(payload.jti) || withdrawn.has(asking.clientId))
        throw new InvalidGrant('used, or withdrawn');
      used.add(payload.jti);
      const scope = String(payload['scope']);
      const token = await new provider.ClientCredentials({ client: asking, scope, expiresIn: 600 }).save();
      ctx.body = { access_token: token, token_type: 'Bearer', expires_in: 600, scope };
    },
    ['assertion'],
  );
  provider.use(async (ctx, next) => {
    if (ctx.path !== '/api/me') return next();
    const found = await provider.ClientCredentials.find(ctx.get('authorization').replace(/^Bearer /, ''));
    ctx.status = found === undefined ? 401 : 200;
    ctx.body = { client: found?.clientId, scope: found?.scope };
  });
  return provider;
}

const api = async (headers: Record<string, string>) => (await fetch(`${origin}/api/me`, { headers })).json();

it('client credentials of a real server are fetched, used and renewed', async () => {
  const provider_config = {
    auth_type: 'oauth2_client_credentials',
    token_url: `${origin}/token`,
    api_base_urls: [`${origin}/api`],
  };
  const made = await operator.post('/v1/connections', {
    id: CLIENT,
    provider: 'custom',
    provider_config,
    client_id: 'machine',
    client_secret: SECRET,
    scopes: ['contacts.read'],
  });
  expect(made.status, made.text).toBe(201);
  const account = await operator.post('/v1/connected-accounts', {
    connection: 'real-client',
    identifier: 'u1',
  });
  expect(account.body).toMatchObject({ status: 'active', credential_type: 'oauth2_client_credentials' });
  const path = `/v1/connected-accounts/${account.body.id}`;
  const first = await agent.get(`${path}/token`);
  expect([first.status, first.body.scope], first.text).toEqual([200, 'contacts.read']);
  expect(await api(first.body.headers)).toEqual({ client: 'machine', scope: 'contacts.read' });
  await operator.post(`${path}/expire`);
  const second = await agent.get(`${path}/token`);
  expect(second.body.access_token).not.toBe(first.body.access_token);
  expect(await api(second.body.headers)).toMatchObject({ client: 'machine' });
  // A wrong secret is the connection's trouble: the account stays as it is.
  await operator.patch('/v1/connections/real-client', { client_secret: 'another' });
  await operator.post(`${path}/expire`);
  expect((await agent.get(`${path}/token`)).status).toBe(503);
  expect((await operator.get(path)).body.status).toBe('active');
});

it('an assertion is verified by a real server, signed anew each time, and dead once it is withdrawn', async () => {
  const provider_config = {
    auth_type: 'jwt_bearer',
    token_url: `${origin}/token`,
    token_endpoint_auth_method: 'client_secret_basic',
    api_base_urls: [`${origin}/api`],
  };
  const made = await operator.post('/v1/connections', {
    id: ROBOT,
    provider: 'custom',
    provider_config,
    client_id: 'robot',
    client_secret: SECRET,
    scopes: ['contacts.write'],
  });
  expect(made.status, made.text).toBe(201);
  const file = { private_key: PRIVATE_KEY, private_key_id: 'k1' };
  const body = { service_account: file, subject: 'ada' };
  const put = await operator.put('/v1/credentials/real-robot', body);
  expect([put.status, put.body.status], put.text).toEqual([201, 'active']);
  const path = `/v1/connected-accounts/${put.body.id}`;
  const first = await agent.get(`${path}/token`);
  expect(await api(first.body.headers)).toEqual({ client: 'robot', scope: 'contacts.write' });
  await operator.post(`${path}/expire`);
  const second = await agent.get(`${path}/token`);
  expect(await api(second.body.headers)).toEqual({ client: 'robot', scope: 'contacts.write' });
  expect(new Set(assertions).size).toBe(2);

  const wrong = await operator.put('/v1/credentials/real-robot', { ...body, subject: 'mallory' });
  expect([wrong.status, wrong.body.provider_error]).toEqual([422, 'invalid_grant']);
  withdrawn.add('robot');
  await operator.post(`${path}/expire`);
  expect((await agent.get(`${path}/token`)).body).toMatchObject({
    code: 'reauth_required',
    reauth_url: null,
  });
});
