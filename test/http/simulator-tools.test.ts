/** What `npm run simulate` gives a reader over HTTP is enough to call a tool, and sends nothing to a real API. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { playsApi } from '#dev/simulator/api/host.ts';
import { allEntries } from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client } from '../support/callers.ts';
import { requiredOf } from '../support/tool-samples.ts';
import { name } from '../support/world.ts';
import { listed } from './tools-scene.ts';

let broker: TestBroker;
let simulator: Simulator;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
});
afterAll(async () => {
  await simulator?.close();
  await broker?.dispose();
});

const PLAYED = allEntries()
  .map(({ id }) => id)
  .filter(playsApi);

it.each(PLAYED)('%s: the body of a connection, an account, and each tool that reads', async (provider) => {
  const operator = client(broker.url, broker.adminKey);
  const asked = await call('GET', `${simulator.origin}/simulator/providers/${provider}`);
  expect(asked.status, asked.text).toBe(200);
  const urls = Object.values(asked.body.provider_config).flat() as string[];
  expect(urls.filter((url) => !url.startsWith('http://127.0.0.1:'))).toEqual([]);
  expect(asked.body.provider_config.api_base_urls).not.toEqual([]);
  const connection = name(provider);
  const made = await operator.post('/v1/connections', { id: connection, ...asked.body });
  expect(made.status, made.text).toBe(201);
  const account = await call('POST', `${simulator.origin}/simulator/accounts`, {
    body: { dialect: `providers/${provider}` },
  });
  expect(account.status, account.text).toBe(201);
  const put = await operator.put(`/v1/credentials/${connection}?identifier=u1`, {
    access_token: account.body.access_token,
    refresh_token: account.body.refresh_token,
    expires_in: 3600,
    verify: false,
  });
  expect(put.status, put.text).toBe(201);
  await listed(operator, connection, String(put.body.id));
  const policy = { rules: [{ connection, identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id: name('agent'), policy, key: true });
  const agent = client(broker.url, String(hired.body.key));
  const list = await agent.get(`/v1/tools?connection=${connection}`);
  const reading = (list.body.data as any[]).filter(({ annotations }) => annotations.readOnlyHint === true);
  expect(reading.length, list.text).toBeGreaterThan(0);
  for (const { name: tool, parameters } of reading) {
    const result = await agent.post(`/v1/tools/${tool}/execute`, {
      connection,
      identifier: 'u1',
      parameters: requiredOf(parameters),
    });
    expect([tool, result.status, result.body.status], result.text).toEqual([tool, 200, 'ok']);
  }
});
