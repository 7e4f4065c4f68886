/** Accounts of a remote MCP server: connected, refreshed and called through the proxy; and those that need no token. */

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { browser } from '../support/browser.ts';
import { client, type Client, type Reply } from '../support/callers.ts';
import { startMcpStub, type McpStub } from '../support/mcp-stub.ts';
import { name } from '../support/world.ts';

let broker: TestBroker;
let operator: Client;
let stub: McpStub;
let agent: { id: string; client: Client };

beforeAll(async () => {
  broker = await startBroker();
  operator = client(broker.url, broker.adminKey);
  stub = await startMcpStub();
  const id = name('agent');
  const made = await operator.post('/v1/agents', {
    id,
    key: true,
    policy: { rules: [{ connection: '*', identifiers: ['*'] }] },
  });
  agent = { id, client: client(broker.url, String(made.body.key)) };
});
beforeEach(() => {
  Object.assign(stub, { challenge: 'Bearer', registers: null, iss: null });
  stub.publish({
    server: {
      registration_endpoint: `${stub.origin}/register`,
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ['notes.read', 'offline_access'],
    },
  });
  stub.registers = { client_id: name('client'), token_endpoint_auth_method: 'none' };
  stub.iss = stub.origin;
  stub.asked.length = 0;
});
afterAll(async () => {
  await broker.dispose();
  await stub.close();
});

async function connection(): Promise<string> {
  const id = name('mcp');
  const config = { provider_config: { url: stub.url }, rotation: 'on_demand' };
  const made = await operator.post('/v1/connections', { id, provider: 'mcp', ...config });
  expect(made.status, made.text).toBe(201);
  return id;
}

async function account(connectionId: string): Promise<Reply> {
  return operator.post('/v1/connected-accounts', { connection: connectionId, identifier: 'user_1' });
}

/** @returns the account, and the page that the browser ends on */
async function walk(connectionId: string) {
  const made = await account(connectionId);
  const link = await operator.post(`/v1/connected-accounts/${made.body.id}/connect-link`, {});
  expect(link.status, link.text).toBe(201);
  const who = browser();
  const page = await who.submit(await who.open(String(link.body.url)));
  return { accountId: String(made.body.id), sessionId: String(link.body.session_id), page };
}

const connected = async () => confirmed(await connection());

async function confirmed(connectionId: string): Promise<{ connectionId: string; accountId: string }> {
  const { accountId, sessionId, page } = await walk(connectionId);
  const code = /(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])/.exec(page.text.replace(/<style[\s\S]*?<\/style>/, ''));
  const confirmed = await operator.post(`/v1/connect-sessions/${sessionId}/confirm`, {
    identifier: 'user_1',
    confirm_code: code?.[0],
  });
  expect(confirmed.status, confirmed.text).toBe(200);
  return { connectionId, accountId };
}

const formsAt = (path: string): URLSearchParams[] =>
  stub.at(path).map(({ body }) => new URLSearchParams(body));

it('every request to the authorization server names the MCP server, and the code is bound with S256', async () => {
  const { accountId } = await connected();
  const [asked] = stub.at('/authorize');
  expect(Object.fromEntries(asked?.query ?? [])).toMatchObject({
    resource: stub.url,
    code_challenge_method: 'S256',
    scope: 'notes.read offline_access',
    prompt: 'consent',
  });
  const refreshed = await operator.post(`/v1/connected-accounts/${accountId}/refresh`);
  expect(refreshed.status, refreshed.text).toBe(200);
  const [code, refresh] = formsAt('/token');
  expect(code?.get('code_verifier')).toMatch(/^[\w-]{43,}$/);
  expect([code, refresh].map((form) => [form?.get('grant_type'), form?.getAll('resource')])).toEqual([
    ['authorization_code', [stub.url]],
    ['refresh_token', [stub.url]],
  ]);
});

it.each<[string, string | null]>([
  ['another issuer', 'https://other.example.com'],
  ['no issuer, where the server says that it names one', null],
])('an answer of %s redeems no code', async (_, iss) => {
  stub.iss = iss;
  const { accountId } = await walk(await connection());
  expect(stub.at('/token')).toEqual([]);
  expect((await operator.get(`/v1/connected-accounts/${accountId}`)).body.status).toBe('pending');
});

it('a refresh goes on while the metadata is gone: it was read when the connection was made', async () => {
  const { accountId } = await connected();
  stub.documents.clear();
  stub.asked.length = 0;
  const refreshed = await operator.post(`/v1/connected-accounts/${accountId}/refresh`);
  expect(refreshed.body).toMatchObject({ status: 'active', last_attempt: { outcome: 'refreshed' } });
  expect(stub.asked.map(({ path }) => path)).toEqual(['/token']);
});

it('the proxy carries the token and the headers of the protocol both ways, and no other', async () => {
  const { connectionId } = await connected();
  stub.asked.length = 0;
  const answer = await agent.client.post(
    `/v1/agents/${agent.id}/proxy/${connectionId}`,
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    {
      'x-valetkey-identifier': 'user_1',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': 'of-the-client',
      'mcp-protocol-version': '2025-11-25',
      'mcp-method': 'ping',
      'last-event-id': '7',
      'x-other': 'stays here',
    },
  );
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers['mcp-session-id']).toBe('of-the-server');
  const [call] = stub.at('/mcp');
  expect(call?.headers).toMatchObject({
    authorization: `Bearer ${stub.tokens.at(-1)}`,
    'mcp-session-id': 'of-the-client',
    'mcp-protocol-version': '2025-11-25',
    'mcp-method': 'ping',
    'last-event-id': '7',
  });
  expect(call?.headers).not.toHaveProperty('x-other');
});

it('the query of its URL goes with every call, and a caller cannot change it', async () => {
  const id = name('mcp');
  const url = `${stub.url}?project=p-1`;
  const fields = { id, provider: 'mcp', provider_config: { url }, rotation: 'on_demand' };
  const made = await operator.post('/v1/connections', fields);
  expect(made.status, made.text).toBe(201);
  await confirmed(id);
  stub.asked.length = 0;
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const ask = (query: string) =>
    agent.client.post(`/v1/agents/${agent.id}/proxy/${id}${query}`, ping, {
      'x-valetkey-identifier': 'user_1',
    });
  expect((await ask('')).status).toBe(200);
  expect((await ask('?verbose=1')).status).toBe(200);
  const other = await ask('?project=p-2');
  expect(stub.at('/mcp').map(({ query }) => query.getAll('project'))).toEqual(
    Array.from({ length: other.status === 200 ? 3 : 2 }, () => ['p-1']),
  );
  expect(stub.at('/mcp')[1]?.query.get('verbose')).toBe('1');
});

it('a server that asks for no authorization: its accounts are active when created, and calls leave bare', async () => {
  stub.challenge = null;
  const connectionId = await connection();
  const made = await account(connectionId);
  expect([made.status, made.body.status], made.text).toEqual([201, 'active']);
  const again = await account(connectionId);
  expect([again.status, again.body.status], again.text).toEqual([200, 'active']);
  const answer = await agent.client.post(
    `/v1/agents/${agent.id}/proxy/${connectionId}`,
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { 'x-valetkey-identifier': 'user_1' },
  );
  expect([answer.status, answer.body.result], answer.text).toEqual([200, {}]);
  expect(stub.at('/mcp').at(-1)?.headers).not.toHaveProperty('authorization');
  const token = await agent.client.get(`/v1/connected-accounts/${made.body.id}/token`);
  expect(token.body, token.text).toMatchObject({ type: 'custom', fields: {}, headers: {}, value: null });
  const brought = await operator.put(`/v1/connected-accounts/${made.body.id}/credential`, {
    type: 'custom',
    fields: { key: 'a-key-that-nobody-takes' },
  });
  expect(brought.status, brought.text).toBe(400);
  expect((await client(broker.url, null).get('/oauth/clients/notes.json')).status).toBe(404);
});
