/**
 * Real parts all the way: unmodified MCP clients, the proxy, the SDK's server behind `oidc-provider`. The client has the
 * agent's key and never a token; the token is renewed while it works, and ends with the account.
 */

import {
  Client as ModernClient,
  StreamableHTTPClientTransport as Modern,
} from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as First } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser } from '../support/browser.ts';
import { client, type Client } from '../support/callers.ts';
import { startRealMcpServer, type RealMcpServer } from '../support/mcp-server.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let operator: Client;
let server: RealMcpServer;

beforeAll(async () => {
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  server = await startRealMcpServer();
});
afterAll(async () => {
  await broker.dispose();
  await server.close();
  expect(server.errors).toEqual([]);
});

interface Called {
  whose(): Promise<string>;
  close(): Promise<void>;
}

const NAMED = { name: 'a-client', version: '1.0.0' };
const ofText = (result: unknown): string => JSON.stringify(result);

const CLIENTS: Record<string, (url: URL, headers: Record<string, string>) => Promise<Called>> = {
  '@modelcontextprotocol/sdk': async (url, headers) => {
    const one = new FirstClient(NAMED);
    await one.connect(new First(url, { requestInit: { headers } }) as Parameters<FirstClient['connect']>[0]);
    const whose = async () => ofText((await one.callTool({ name: 'whose_token' })).content);
    return { whose, close: () => one.close() };
  },
  '@modelcontextprotocol/client': async (url, headers) => {
    const one = new ModernClient(NAMED);
    await one.connect(new Modern(url, { requestInit: { headers } }));
    const whose = async () => ofText((await one.callTool({ name: 'whose_token' })).content);
    return { whose, close: () => one.close() };
  },
};

async function connected(connection: string): Promise<string> {
  const made = await operator.post('/v1/connections', {
    id: connection,
    provider: 'mcp',
    provider_config: { url: server.url },
    rotation: 'on_demand',
  });
  expect(made.status, made.text).toBe(201);
  const account = await operator.post('/v1/connected-accounts', { connection, identifier: 'user_1' });
  const link = await operator.post(`/v1/connected-accounts/${account.body.id}/connect-link`, {});
  const who = browser();
  const page = await who.submit(await who.open(String(link.body.url)));
  const code = /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(page.text.replace(/<style[\s\S]*?<\/style>/, ''));
  const confirmed = await operator.post(`/v1/connect-sessions/${link.body.session_id}/confirm`, {
    identifier: 'user_1',
    confirm_code: code?.[0],
  });
  expect(confirmed.status, confirmed.text).toBe(200);
  return String(account.body.id);
}

it.each(Object.keys(CLIENTS))(
  '%s calls, goes on when the token dies, and is out after the revocation',
  async (one) => {
    const connection = name('mcp');
    const accountId = await connected(connection);
    const agentId = name('agent');
    const rules = [{ connection, identifiers: ['user_1'], actions: ['proxy'] }];
    const agent = await operator.post('/v1/agents', { id: agentId, key: true, policy: { rules } });
    const headers = { authorization: `Bearer ${agent.body.key}`, 'x-valetkey-identifier': 'user_1' };
    const url = new URL(`${broker.url}/v1/agents/${agentId}/proxy/${connection}`);
    const called = await CLIENTS[one]?.(url, headers);
    if (called === undefined) throw new Error('no client');
    try {
      const first = await called.whose();
      expect(first).toMatch(/[0-9a-f]{16}/);
      expect(await called.whose()).toBe(first);
      server.granted.length = 0;
      await server.expire();
      const second = await called.whose();
      expect(second).toMatch(/[0-9a-f]{16}/);
      expect(second).not.toBe(first);
      expect(server.granted).toEqual(['refresh_token']);
      const shown = await operator.get(`/v1/connected-accounts/${accountId}`);
      expect(shown.body).toMatchObject({ status: 'active', subject: 'user-of-the-server' });
      expect(await server.lives()).toBe(true);
      expect((await operator.post(`/v1/connected-accounts/${accountId}/revoke`)).status).toBe(200);
      await expect(called.whose()).rejects.toThrow();
      await expect.poll(() => server.lives(), PATIENCE).toBe(false);
    } finally {
      await called.close();
    }
  },
);

it('the gateway offers its tools beside others, goes on when the token dies, and is out after the revocation', async () => {
  const connection = name('mcp');
  const accountId = await connected(connection);
  const rules = [{ connection, identifiers: ['user_1'], actions: ['mcp'] }];
  const agent = await operator.post('/v1/agents', { id: name('agent'), key: true, policy: { rules } });
  const headers = { authorization: `Bearer ${agent.body.key}`, 'x-valetkey-identifier': 'user_1' };
  const one = new ModernClient(NAMED, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await one.connect(new Modern(new URL(`${broker.url}/mcp`), { requestInit: { headers } }));
  const whose = async () => ofText(await one.callTool({ name: `${connection}__whose_token` }));
  try {
    const listed = async () =>
      (await one.listTools(undefined, { cacheMode: 'refresh' })).tools.map((tool) => tool.name);
    await expect.poll(listed, PATIENCE).toEqual([`${connection}__whose_token`]);
    const first = await whose();
    expect(first).toMatch(/[0-9a-f]{16}/);
    server.granted.length = 0;
    await server.expire();
    const second = await whose();
    expect(second).toMatch(/[0-9a-f]{16}/);
    expect(second).not.toBe(first);
    expect(server.granted).toEqual(['refresh_token']);
    expect((await operator.post(`/v1/connected-accounts/${accountId}/revoke`)).status).toBe(200);
    expect(await whose()).toContain('account_revoked');
  } finally {
    await one.close();
  }
});
