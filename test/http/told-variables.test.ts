/**
 * Variables of an account that its provider tells when it is asked: an imported credential learns them without an
 * operator, at every entry of the catalogue that has such a variable, played by the simulator in its own words.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accountVariablesOf,
  allEntries,
  connectionVariablesOf,
  entryDialectId,
  playedUrlsOf,
  saidOf,
  type Descriptor,
} from '#dev/simulator/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { SimulatedAccount, Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id: 'worker', policy, key: true });
  agent = client(broker.url, String(hired.body.key));
});
afterAll(async () => {
  await broker.dispose();
  await simulator.close();
});

const ASKED = ['userinfo', 'account_lookup'];
/** Those whose API address needs what only a question tells. */
const ENTRIES = allEntries().filter(
  (entry) =>
    entry.auth_type === 'oauth2' &&
    entry.unsupported === null &&
    Object.values(entry.url_template_vars).some(
      ({ name: variable, stage, from = '' }) =>
        stage === 'account' &&
        ASKED.some((root) => from.startsWith(root)) &&
        entry.api_base_urls.join().includes(`{${variable}}`),
    ),
);

/** What an operator may bring of a grant. */
const BROUGHT: Readonly<Record<string, (first: SimulatedAccount['first']) => Record<string, unknown>>> = {
  'its access token alone': ({ accessToken }) => ({ access_token: accessToken }),
  'both tokens as they are': ({ accessToken, refreshToken }) => ({
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: 3600,
    verify: false,
  }),
  'its refresh token': ({ refreshToken }) => ({ refresh_token: refreshToken }),
  'its refresh token, unproven': ({ refreshToken }) => ({ refresh_token: refreshToken, verify: false }),
};

const CASES = ENTRIES.flatMap((entry) =>
  Object.keys(BROUGHT)
    .filter((what) => entry.refresh_token !== 'none' || !what.includes('refresh'))
    .map((what) => [entry.id, what, entry] as const),
);

async function imported(entry: Descriptor, what: string, identifier = 'u1'): Promise<string> {
  const id = name(entry.id);
  const made = await operator.post('/v1/connections', {
    id,
    provider: entry.id,
    client_id: `${simulator.client.clientId}.${entry.id}`,
    client_secret: simulator.client.clientSecret,
    variables: connectionVariablesOf(entry),
    provider_config: playedUrlsOf(entry, simulator.origin),
    rotation: 'on_demand',
  });
  expect(made.status, made.text).toBe(201);
  const { first } = simulator.account({ dialect: entryDialectId(entry.id) });
  const put = await operator.put(`/v1/credentials/${id}?identifier=${identifier}`, BROUGHT[what]?.(first));
  expect(put.status, put.text).toBe(201);
  return String(put.body.id);
}

function baseUrlOf(entry: Descriptor, values: Record<string, string>): string | undefined {
  return entry.api_base_urls.map((url) =>
    url.replaceAll(/\{(\w+)\}/g, (_, key: string) => values[key] ?? ''),
  )[0];
}

describe('the catalogue', () => {
  it('has entries whose address is told when their provider is asked, by userinfo and by a lookup', () => {
    const roots = ENTRIES.flatMap((entry) => saidOf(entry, '').map(({ root }) => root));
    expect(roots).toEqual(expect.arrayContaining(ASKED));
    expect(ENTRIES.length).toBeGreaterThanOrEqual(5);
  });
});

describe.concurrent('an account that was imported', () => {
  it.each(CASES)('at %s with %s has its address without an operator', async (_id, what, entry) => {
    const account = await imported(entry, what);
    const token = () => agent.get(`/v1/connected-accounts/${account}/token`);
    await expect.poll(async () => (await token()).status, { timeout: PATIENCE_MS }).toBe(200);
    const expected = baseUrlOf(entry, { ...connectionVariablesOf(entry), ...accountVariablesOf(entry) });
    expect((await token()).body.api_base_url).toBe(expected);
    const { body } = await operator.get(`/v1/connected-accounts/${account}`);
    // An operator has given none, and what the provider has told outlives the broker.
    expect(body.variables).toEqual({});
  });
});

describe('what was told', () => {
  it('outlives a restart', async () => {
    const entry = ENTRIES[0] as Descriptor;
    const account = await imported(entry, 'its access token alone');
    const token = () => agent.get(`/v1/connected-accounts/${account}/token`);
    await expect.poll(async () => (await token()).status, { timeout: PATIENCE_MS }).toBe(200);
    const { api_base_url: before } = (await token()).body;
    await broker.kill();
    await broker.restart();
    expect((await token()).body.api_base_url).toBe(before);
  });
});
