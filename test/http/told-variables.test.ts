/**
 * Variables of an account that its provider tells when it is asked: an imported credential learns them without an
 * operator, at every entry of the catalogue that has such a variable, played by the simulator in its own words.
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  accountVariablesOf,
  allEntries,
  connectionVariablesOf,
  entryDialectId,
  playedUrlsOf,
  saidOf,
  type Descriptor,
} from '#dev/simulator/entries/entries.ts';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { SimulatedAccount, Simulator } from '#dev/simulator/world.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let simulator: Simulator;
let operator: Client;
let agent: Client;

beforeAll(async () => {
  [broker, simulator] = await Promise.all([startBroker(), startSimulator()]);
  operator = client(broker.url, broker.adminKey);
  const policy = { rules: [{ connection: '*', identifiers: ['*'] }] };
  const hired = await operator.post('/v1/agents', { id: name('worker'), policy, key: true });
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

/** Resolves once the token is handed out; tests at the same time have no `expect.poll`. */
async function served(token: () => Promise<Reply>): Promise<void> {
  await vi.waitFor(async () => expect((await token()).status).toBe(200), PATIENCE);
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
    await served(token);
    const expected = baseUrlOf(entry, { ...connectionVariablesOf(entry), ...accountVariablesOf(entry) });
    expect((await token()).body.api_base_url).toBe(expected);
    const { body } = await operator.get(`/v1/connected-accounts/${account}`);
    // An operator has given none, and what the provider has told outlives the broker.
    expect(body.variables).toEqual({});
  });
});

describe('what was told', () => {
  it('counts by itself: a lookup tells the site of a token that userinfo refuses', async () => {
    const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
      const isLookup = request.url === '/lookup';
      response.writeHead(isLookup ? 200 : 403, { 'content-type': 'application/json' });
      response.end(isLookup ? '[{"id":"site-1"}]' : '{"error":"insufficient_scope"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const id = name('custom');
      const site = { stage: 'account', pattern: '^[a-z]+-[0-9]+$', from: 'account_lookup[only].id' };
      const config = {
        token_url: `${origin}/token`,
        userinfo_url: `${origin}/me`,
        account_lookup_url: `${origin}/lookup`,
        subject_source: 'userinfo.sub',
        api_base_urls: ['https://api.example.com/{site}'],
        url_template_vars: { site },
      };
      const body = { id, provider: 'custom', client_id: 'c', provider_config: config };
      const made = await operator.post('/v1/connections', body);
      expect(made.status, made.text).toBe(201);
      const brought = { access_token: 'at-1', expires_in: 3600 };
      const put = await operator.put(`/v1/credentials/${id}?identifier=u1`, brought);
      expect(put.status, put.text).toBe(201);
      const token = () => agent.get(`/v1/connected-accounts/${put.body.id}/token`);
      await served(token);
      expect((await token()).body.api_base_url).toBe('https://api.example.com/site-1');
    } finally {
      server.close();
    }
  });

  it('outlives a restart', async () => {
    const entry = ENTRIES[0] as Descriptor;
    const account = await imported(entry, 'its access token alone');
    const token = () => agent.get(`/v1/connected-accounts/${account}/token`);
    await served(token);
    const { api_base_url: before } = (await token()).body;
    await broker.kill();
    await broker.restart();
    expect((await token()).body.api_base_url).toBe(before);
  });
});
