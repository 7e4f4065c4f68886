/**
 * What tests of the token service share: a broker with one account, an issuer of its own, and agents that ask. Each file
 * of tests has its own copy of it.
 */

import { expect } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Client, type Reply } from '../support/callers.ts';
import { issuerKey, startIssuer, type Issuer } from '../support/issuer.ts';
import { name, world } from '../support/world.ts';

let provider: OAuthServer;
export let broker: TestBroker;
/** An issuer with keys of its own. */
export let issuer: Issuer;
export let operator: Client;
export let connection: string;

export async function startTokenScene(): Promise<void> {
  provider = await startOAuthServer();
  broker = await startBroker();
  issuer = await startIssuer(await issuerKey('one', 'ES256'));
  const w = world(broker, provider);
  operator = client(broker.url, broker.adminKey);
  connection = await w.connection();
  const grant = await provider.grant({});
  await w.account(connection, 'shared', { type: 'oauth2', refresh_token: grant.refreshToken });
}

export async function stopTokenScene(): Promise<void> {
  await broker.dispose();
  await Promise.all([provider.close(), issuer.close()]);
}

export interface Made {
  readonly id: string;
  readonly key: string;
  readonly keyId: string;
}

export async function agent(
  more: Record<string, unknown> = {},
  at: { url: string; adminKey: string } = broker,
  id = name('agent'),
): Promise<Made> {
  const policy = { rules: [{ connection, identifiers: ['shared'] }] };
  const made = await client(at.url, at.adminKey).post('/v1/agents', { id, policy, key: true, ...more });
  expect(made.status, made.text).toBe(201);
  const keys = await client(at.url, at.adminKey).get(`/v1/agents/${id}/keys`);
  return { id, key: String(made.body.key), keyId: String(keys.body.data[0].id) };
}

export const form = (
  path: string,
  fields: Record<string, string>,
  { headers = {}, at = broker }: { headers?: Record<string, string>; at?: { url: string } } = {},
): Promise<Reply> =>
  call('POST', `${at.url}${path}`, {
    raw: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

export async function tokenOf({ id, key }: Made, at: { url: string } = broker): Promise<string> {
  const fields = { grant_type: 'client_credentials', client_id: id, client_secret: key };
  const reply = await form('/oauth/token', fields, { at });
  expect(reply.status, reply.text).toBe(200);
  return String(reply.body.access_token);
}

export const fetchAs = (token: string): Promise<Reply> =>
  call('GET', `${broker.url}/v1/agents/self/credentials/${connection}?identifier=shared`, { key: token });

export const nowS = (): number => Math.floor(Date.now() / 1000);
export const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
