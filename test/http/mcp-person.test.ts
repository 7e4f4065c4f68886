/**
 * Calls of a server that needs a token, at the MCP endpoint: the token is nobody's to see, it is renewed while a call
 * goes on, and where only the user can help the client gets the link, by elicitation or as a result.
 */

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { browser } from '../support/browser.ts';
import { call } from '../support/callers.ts';
import { startMcpStub, type McpStub } from '../support/mcp-stub.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';
import { startMcpScene, type McpAgent, type McpScene } from './mcp-scene.ts';

let scene: McpScene;
let stub: McpStub;
let connection: string;
let agent: McpAgent;
let accountId: string;

beforeAll(async () => {
  scene = await startMcpScene({ ALLOW_UNVERIFIED_LINKS: 'true', MCP_OAUTH: 'true' });
  stub = await startMcpStub();
  stub.speaks = (message, { headers }, response) => scene.server.speak(message, headers, response);
});
beforeEach(async () => {
  scene.server.reset();
  stub.isGrantDead = false;
  stub.publish();
  connection = name('mcp');
  const made = await scene.operator.post('/v1/connections', {
    id: connection,
    provider: 'mcp',
    provider_config: { url: stub.url },
    client_id: 'given-by-hand',
    client_secret: 'a-secret-of-the-client',
    rotation: 'on_demand',
    verification: 'none',
  });
  expect(made.status, made.text).toBe(201);
  agent = await scene.agent([{ connection, identifiers: ['user_1'], connect: true }], '?identifier=user_1');
});
afterAll(async () => {
  await scene.stop();
  await stub.close();
});

const ASKS = { capabilities: { elicitation: { url: {} } } };
const params = () => ({ name: `${connection}__echo`, arguments: { text: 'hello' } });

/** The person opens the link and goes through. */
async function walk(url: string): Promise<void> {
  const who = browser();
  // A stranger's link is looked up in the directory, which learns of a new account a moment later.
  const opened = await vi.waitFor(async () => {
    const shown = await who.open(url);
    expect(shown.text).toContain('<form');
    return shown;
  }, PATIENCE);
  const page = await who.submit(opened);
  expect(page.status, page.text).toBe(200);
}

async function connected(): Promise<void> {
  const account = await scene.operator.post('/v1/connected-accounts', { connection, identifier: 'user_1' });
  accountId = String(account.body.id);
  const link = await scene.operator.post(`/v1/connected-accounts/${accountId}/connect-link`, {});
  await walk(String(link.body.url));
  const status = async () => (await scene.operator.get(`/v1/connected-accounts/${accountId}`)).body.status;
  await expect.poll(status, PATIENCE).toBe('active');
  await expect.poll(async () => (await agent.names()).includes(`${connection}__echo`), PATIENCE).toBe(true);
}

/** The next call finds a dead token, and nothing renews it. */
function kill(): void {
  stub.isGrantDead = true;
  stub.tokens.length = 0;
}

describe('where tokens come from', () => {
  const PLACE = '/.well-known/oauth-protected-resource/mcp';

  it('is published in a deployment that wants it', async () => {
    const { url } = scene.broker;
    const published = await call('GET', `${url}${PLACE}`);
    expect(published.body, published.text).toMatchObject({
      resource: `${url}/mcp`,
      authorization_servers: [`${url}/oauth`],
    });
    const refused = await call('POST', `${url}/mcp`, { body: { jsonrpc: '2.0', id: 1, method: 'ping' } });
    expect(refused.headers['www-authenticate']).toBe(`Bearer resource_metadata="${url}${PLACE}"`);
    const server = await call('GET', `${url}/.well-known/oauth-authorization-server/oauth`);
    expect(server.body.issuer).toBe(`${url}/oauth`);
  });
});

describe('the token', () => {
  it('is renewed while a call goes on, and the call is made once', async () => {
    await connected();
    const [first] = stub.tokens;
    stub.tokens.length = 0;
    const done = await agent.modern('tools/call', params());
    expect(done.result, done.text).toMatchObject({ content: [{ text: 'echo: {"text":"hello"}' }] });
    expect(stub.tokens).toHaveLength(1);
    expect(stub.tokens[0]).not.toBe(first);
    expect(scene.server.of('tools/call')).toHaveLength(1);
  });

  it.each<[string, (token: string) => string]>([
    ['as it is', (token) => token],
    ['in base64', (token) => Buffer.from(`x${token}`).toString('base64')],
    ['in escapes', (token) => [...token].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')],
  ])('that a server repeats %s is not passed on, in results and in lists', async (_, written) => {
    await connected();
    scene.server.result = () => ({ content: [{ type: 'text', text: written(stub.tokens.at(-1) ?? '') }] });
    const blocked = await agent.modern('tools/call', params());
    expect(blocked.result).toMatchObject({
      isError: true,
      structuredContent: { code: 'token_echo_blocked' },
    });
    expect(blocked.text).not.toContain(stub.tokens.at(-1));
    scene.server.tools = [
      { name: 'echo', description: written(stub.tokens.at(-1) ?? ''), inputSchema: { type: 'object' } },
    ];
    const other = await scene.agent([{ connection, identifiers: ['user_1'] }], '?identifier=user_1');
    const listed = await other.modern('tools/list');
    expect(listed.text).not.toContain(written(stub.tokens.at(-1) ?? 'none'));
  });
});

describe('a person is needed', () => {
  it('first: an agent whose rule gives a link gets it, and the same call succeeds after it', async () => {
    const placeholder = `${connection}__connect`;
    expect(await agent.names()).toEqual([placeholder]);
    const held = await agent.legacy('tools/call', { name: placeholder, arguments: {} });
    expect(held.result['isError'], held.text).toBe(true);
    const [first] = held.result['content'];
    const { url } = held.result['structuredContent'];
    expect(first.text.split('\n')[0]).toBe(url);
    await walk(url);
    const echo = () => agent.legacy('tools/call', params());
    await expect.poll(async () => (await echo()).result?.['isError'], PATIENCE).toBeUndefined();
  });

  it('again: the result begins with the link, nobody is asked where the client cannot, and -32042 never comes', async () => {
    await connected();
    kill();
    for (const speak of [agent.legacy, agent.modern]) {
      const held = await speak('tools/call', params());
      expect(held.error, held.text).toBeUndefined();
      const { content, structuredContent: told, isError } = held.result;
      expect([isError, told.code, told.connected_account_id]).toEqual([true, 'reauth_required', accountId]);
      expect(content[0].text.split('\n')[0]).toBe(told.url);
      expect(held.text).not.toContain('32042');
    }
    stub.isGrantDead = false;
    const { url } = (await agent.legacy('tools/call', params())).result['structuredContent'];
    await walk(url);
    const done = await agent.legacy('tools/call', params());
    expect(done.result, done.text).toMatchObject({ content: [{ text: 'echo: {"text":"hello"}' }] });
  });

  it('and a client that shows links is asked, and its call goes on', async () => {
    await connected();
    kill();
    const client = new Client(
      { name: 'a-client', version: '1.0.0' },
      { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    const seen: string[] = [];
    client.setRequestHandler('elicitation/create', async ({ params: asked }) => {
      const { url } = asked as { url: string };
      seen.push(url);
      stub.isGrantDead = false;
      await walk(url);
      return { action: 'accept' };
    });
    const headers = { authorization: `Bearer ${agent.key}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(agent.url), { requestInit: { headers } }));
    try {
      const done = await client.callTool(params());
      expect(done).toMatchObject({ content: [{ text: 'echo: {"text":"hello"}' }] });
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatch(/\/connect\//);
    } finally {
      await client.close();
    }
  });

  it('and the user says no: the result has the link', async () => {
    await connected();
    kill();
    const asked = await agent.modern('tools/call', params(), ASKS);
    expect(asked.result, asked.text).toMatchObject({ resultType: 'input_required' });
    const { requestState } = asked.result;
    const inputResponses = { person: { action: 'decline' } };
    const declined = await agent.modern('tools/call', { ...params(), inputResponses, requestState }, ASKS);
    expect(declined.result).toMatchObject({ isError: true, structuredContent: { code: 'reauth_required' } });
  });

  it('and what was sealed for one agent, tool or argument is good for no other', async () => {
    await connected();
    kill();
    const { requestState } = (await agent.modern('tools/call', params(), ASKS)).result;
    const inputResponses = { person: { action: 'accept' } };
    const other = await scene.agent([{ connection, identifiers: ['user_1'] }], '?identifier=user_1');
    const altered = `${String(requestState).slice(0, -2)}${String(requestState).endsWith('A') ? 'BB' : 'AA'}`;
    const tries = [
      other.modern('tools/call', { ...params(), inputResponses, requestState }, ASKS),
      agent.modern('tools/call', { ...params(), inputResponses, requestState: altered }, ASKS),
      agent.modern('tools/call', { ...params(), arguments: {}, inputResponses, requestState }, ASKS),
      agent.modern('tools/call', { ...params(), inputResponses, requestState: 'made-up' }, ASKS),
    ];
    for (const answer of await Promise.all(tries))
      expect(answer.error, answer.text).toMatchObject({ code: -32602 });
  });
});
