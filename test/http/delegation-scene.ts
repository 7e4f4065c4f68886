/** The frame of the tests of smaller tokens: a broker with two connections, agents, and tokens that are handed on. */

import { expect } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client, type Reply } from '../support/callers.ts';
import { name, world, type World } from '../support/world.ts';

export const SCOPE = 'openid offline_access contacts.read contacts.write';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export let provider: OAuthServer;
export let broker: TestBroker;
export let w: World;
export let connection: string;
export let other: string;

export async function startScene(): Promise<void> {
  provider = await startOAuthServer({ accessTokenTtlS: 600 });
  broker = await startBroker();
  w = world(broker, provider);
  connection = await w.connection({ refresh_scope_downscoping: 'supported' });
  other = await w.connection();
}

export async function stopScene(): Promise<void> {
  await broker.dispose();
  await provider.close();
}

export interface Agent {
  readonly id: string;
  readonly key: string;
}

export async function account(on = connection): Promise<string> {
  const identifier = name('user');
  const grant = await provider.grant({ scope: SCOPE });
  await w.account(on, identifier, {
    refresh_token: grant.refreshToken,
    access_token: grant.accessToken,
    expires_in: 600,
    scope: SCOPE,
  });
  return identifier;
}

export async function agent(rules: readonly object[]): Promise<Agent> {
  const id = name('agent');
  const made = await w.operator.post('/v1/agents', { id, key: true, policy: { rules } });
  expect(made.status, made.text).toBe(201);
  return { id, key: String(made.body.key) };
}

export const form = (
  path: string,
  fields: string | Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Reply> =>
  call('POST', `${broker.url}${path}`, {
    raw: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

export const detail = (rule: object) => ({ type: 'valetkey_rule', ...rule });
export const detailsOf = (rules: readonly object[]) =>
  rules.length === 0 ? {} : { authorization_details: JSON.stringify(rules.map(detail)) };

export async function byKey({ id, key }: Agent, rules: readonly object[] = []): Promise<string> {
  const fields = { grant_type: 'client_credentials', client_id: id, client_secret: key };
  const reply = await form('/oauth/token', { ...fields, ...detailsOf(rules) });
  expect(reply.status, reply.text).toBe(200);
  return String(reply.body.access_token);
}

export const exchanged = (
  subject: string,
  more: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Reply> =>
  form(
    '/oauth/token',
    {
      grant_type: EXCHANGE,
      subject_token: subject,
      subject_token_type: ACCESS_TOKEN,
      ...more,
    },
    headers,
  );

export async function handedOn(
  subject: string,
  label: string,
  rules: readonly object[] = [],
): Promise<string> {
  const reply = await exchanged(subject, { actor_label: label, ...detailsOf(rules) });
  expect(reply.status, reply.text).toBe(200);
  return String(reply.body.access_token);
}

export const fetched = (token: string, identifier: string, on = connection, query = ''): Promise<Reply> =>
  client(broker.url, token).get(
    `/v1/agents/self/credentials/${on}?identifier=${identifier}${query === '' ? '' : `&${query}`}`,
  );

export const everybody = (on: string, more: object = {}) => ({ connection: on, identifiers: ['*'], ...more });

export async function newestOf(query: string): Promise<Reply['body']> {
  const page = await w.operator.get(`/v1/audit-events?${query}`);
  expect(page.status, page.text).toBe(200);
  return page.body.data[0];
}
