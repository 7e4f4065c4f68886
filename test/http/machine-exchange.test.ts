/** Somebody else's token is exchanged for a grant of one's own (RFC 8693), which then is a grant like any other. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  connectionVariablesOf,
  entryDialectId,
  findEntryDialect,
  playedUrlsOf,
} from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';

const WORKER = 'exchange-worker';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: 'exchanging-*', identifiers: ['*'] }] };
  agent = client(
    broker.url,
    String((await operator.post('/v1/agents', { id: WORKER, policy, key: true })).body.key),
  );
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

async function connection(provider: string): Promise<string> {
  const entry = findEntryDialect(entryDialectId(provider))?.entry;
  if (entry === undefined) throw new Error(`there is no entry ${provider}`);
  const id = `exchanging-${provider}`;
  const made = await operator.post('/v1/connections', {
    id,
    provider,
    client_id: simulator.client.clientId,
    client_secret: simulator.client.clientSecret,
    variables: connectionVariablesOf(entry),
    provider_config: playedUrlsOf(entry, simulator.origin),
    rotation: 'on_demand',
  });
  expect(made.status, made.text).toBe(201);
  return id;
}

it('the session token of an embedded app becomes an offline grant that is renewed, and is presented once', async () => {
  const id = await connection('shopify');
  simulator.account({ dialect: 'providers/shopify', id: 'the-shop' });
  const body = { subject_token: 'subject-of-the-shop' };
  const put = await operator.put(`/v1/credentials/${id}`, body);
  expect([put.status, put.body.status, put.body.credential_type], put.text).toEqual([
    201,
    'active',
    'oauth2',
  ]);
  expect(put.text).not.toContain('subject-of-the-shop');
  const path = `/v1/connected-accounts/${put.body.id}`;
  const first = await agent.get(`${path}/token`);
  expect(first.status, first.text).toBe(200);
  await operator.post(`${path}/expire`);
  const second = await agent.get(`${path}/token`);
  expect([second.status, second.body.access_token === first.body.access_token]).toEqual([200, false]);
  const uses = simulator.uses.filter((use) => use.account === 'the-shop');
  expect(uses.map(({ verdict, status }) => [verdict, status])).toEqual([['fresh', 200]]);
  // The same once more is the grant that is there already.
  expect((await operator.put(`/v1/credentials/${id}`, body)).status).toBe(200);
  expect(simulator.uses.filter((use) => use.account === 'the-shop')).toHaveLength(1);
});

it('a token that the provider does not exchange is refused, and changes nothing, also unproven', async () => {
  const id = 'exchanging-shopify';
  const path = `/v1/credentials/${id}?identifier=stranger`;
  for (const verify of [true, false]) {
    const refused = await operator.put(path, { subject_token: 'subject-of-nobody', verify });
    expect([refused.status, refused.body.code], refused.text).toEqual([422, 'credential_refused']);
  }
  const both = await operator.put(path, { subject_token: 'subject-of-the-shop', refresh_token: 'rt' });
  expect([both.status, both.body.errors[0].path]).toEqual([400, 'subject_token']);
});

it('a provider that exchanges none says so', async () => {
  const id = await connection('hubspot');
  const refused = await operator.put(`/v1/credentials/${id}`, { subject_token: 'subject-of-the-shop' });
  expect([refused.status, refused.body.errors[0].path]).toEqual([400, 'subject_token']);
});
