/** A rule with scopes narrows a machine's token: to permissions and repositories, or to fewer scopes of an assertion. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { findEntryDialect } from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { connected, machineScene, PUBLIC_KEY } from './machine-scene.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator({ publicKey: PUBLIC_KEY })]);
  operator = client(broker.url, broker.adminKey);
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

async function begun(provider: string, name: string) {
  const entry = findEntryDialect(`providers/${provider}`)?.entry;
  if (entry === undefined) throw new Error(`there is no entry ${provider}`);
  const scene = machineScene(simulator, entry, name);
  const account = await connected(operator, scene);
  const fetchAs = async (agent: string, scopes: string[] | undefined) => {
    const rule = { connection: name, identifiers: ['*'], ...(scopes === undefined ? {} : { scopes }) };
    const made = await operator.post('/v1/agents', { id: agent, policy: { rules: [rule] }, key: true });
    return client(broker.url, String(made.body.key)).get(`/v1/connected-accounts/${account}/token`);
  };
  const asked = () => simulator.uses.filter((use) => use.account === scene.owner?.id).map((use) => use.asked);
  return { fetchAs, asked };
}

it('an installation’s token has the permissions and repositories of the rule, and no others', async () => {
  const { fetchAs, asked } = await begun('github-app-installation', 'narrowed-app');
  expect(asked().at(-1)?.fields).toEqual({});
  const whole = await fetchAs('app-whole', undefined);
  expect([whole.status, whole.body.scope]).toEqual([
    200,
    'contents:write issues:write metadata:read repository:*',
  ]);

  const read = await fetchAs('app-read', ['contents:read']);
  expect([read.status, read.body.scope], read.text).toEqual([200, 'contents:read']);
  expect(asked().at(-1)?.fields).toEqual({ permissions: { contents: 'read' } });
  expect(read.body.access_token).not.toBe(whole.body.access_token);

  const docs = await fetchAs('app-docs', [
    'contents:write',
    'issues:write',
    'metadata:read',
    'repository:docs',
  ]);
  expect(docs.status, docs.text).toBe(200);
  expect(asked().at(-1)?.fields).toEqual({
    permissions: { contents: 'write', issues: 'write' },
    repositories: ['docs'],
  });
  expect(docs.body.access_token).not.toBe(whole.body.access_token);

  const more = await fetchAs('app-more', ['members:read']);
  expect([more.status, more.body.reason]).toEqual([403, 'cannot_downscope']);
});

it('an assertion asks for the scopes of the rule alone', async () => {
  const entry = 'https://www.googleapis.com/auth/';
  const { fetchAs, asked } = await begun('google-service-account', 'narrowed-google');
  expect(asked().at(-1)?.claims['scope']).toBe(`${entry}drive.readonly`);
  const whole = await fetchAs('google-whole', [`${entry}drive.readonly`]);
  expect([whole.status, whole.body.scope], whole.text).toEqual([200, `${entry}drive.readonly`]);
  const none = await fetchAs('google-none', [`${entry}gmail.send`]);
  expect([none.status, none.body.reason]).toEqual([403, 'cannot_downscope']);
});
