/** Tools for APIs at the MCP endpoint: the same as over HTTP, beside those of MCP servers. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator } from '#dev/simulator/simulator.ts';
import type { Simulator } from '#dev/simulator/world.ts';
import { tool } from '../support/mcp-played.ts';
import { PATIENCE } from '../support/patience.ts';
import { startMcpScene, type McpAgent, type McpScene } from './mcp-scene.ts';
import { toolScene, type ToolScene } from './tools-scene.ts';

let scene: McpScene;
let simulator: Simulator;
let hubspot: ToolScene;
let agent: McpAgent;

const SCOPES = ['crm.objects.contacts.read', 'crm.objects.contacts.write'];
const FIND = 'hubspot_search_contacts';
const CREATE = 'hubspot_create_contact';

beforeAll(async () => {
  [scene, simulator] = await Promise.all([startMcpScene(), startSimulator()]);
  hubspot = await toolScene(scene.broker, simulator, 'hubspot', { scopes: SCOPES });
  agent = await scene.agent([{ connection: hubspot.connection, identifiers: ['u1'] }]);
});
afterAll(async () => {
  await scene.stop();
  await simulator.close();
});

const calling = (name: string, args: object = {}) => ({ name, arguments: args });
const contact = { properties: { email: 'ada@example.com', firstname: 'Ada' } };

describe('a tool for an API', () => {
  it('is listed where policy and scopes allow it, as its own', async () => {
    await expect.poll(() => agent.names(), PATIENCE).toContain(FIND);
    const listed = (await agent.modern('tools/list')).result['tools'] as Record<string, any>[];
    const find = listed.find(({ name }) => name === FIND);
    expect(find).toMatchObject({
      title: expect.any(String),
      annotations: { readOnlyHint: true },
      inputSchema: { type: 'object', properties: { page_cursor: { type: 'string' } } },
    });
    expect(find?.['inputSchema'].properties).not.toHaveProperty('connected_account_id');
    expect(listed.map(({ name }) => String(name))).not.toContain('hubspot_create_deal');
    const names = listed.map(({ name }) => String(name));
    expect(names).toEqual(names.toSorted());
  });

  it('is called, and an empty result says that it is one', async () => {
    const none = await agent.modern('tools/call', calling(FIND, { query: 'nobody-has-this' }));
    expect(none.result, none.text).toMatchObject({
      structuredContent: { status: 'ok', tool: FIND, connected_account_id: hubspot.accountId },
    });
    const made = await agent.modern('tools/call', calling(CREATE, contact));
    expect(made.result['isError'], made.text).toBeUndefined();
    expect(JSON.parse(made.result['content'][0].text)).toEqual(made.result['structuredContent']);
    expect(made.text).not.toContain(hubspot.token);
  });

  it('that is called wrongly, or that a rule does not name, says so', async () => {
    const wrong = await agent.modern('tools/call', calling(CREATE, {}));
    expect(wrong.result).toMatchObject({ isError: true, structuredContent: { code: 'invalid_parameters' } });
    const paged = await agent.modern('tools/call', calling(FIND, { max_items: 0 }));
    expect(paged.result).toMatchObject({ isError: true, structuredContent: { code: 'invalid_parameters' } });
    const limited = await scene.agent([
      { connection: hubspot.connection, identifiers: ['u1'], tools: ['hubspot_search_*'] },
    ]);
    expect(await limited.names()).not.toContain(CREATE);
    const refused = await limited.modern('tools/call', calling(CREATE, contact));
    expect(refused.result).toMatchObject({ isError: true, structuredContent: { code: 'policy_denied' } });
  });

  it('asks for the account where there are several', async () => {
    const other = await hubspot.another();
    const wide = await scene.agent([{ connection: hubspot.connection, identifiers: ['*'] }]);
    const findOf = async () => {
      const { tools } = (await wide.modern('tools/list')).result;
      return (tools as Record<string, any>[]).find(({ name }) => name === FIND)?.['inputSchema'];
    };
    await expect.poll(async () => (await findOf())?.required, PATIENCE).toContain('connected_account_id');
    const unsaid = await wide.modern('tools/call', calling(FIND));
    expect(unsaid.result['structuredContent']).toMatchObject({ code: 'invalid_parameters' });
    const said = await wide.modern('tools/call', calling(FIND, { connected_account_id: other.accountId }));
    expect(said.result, said.text).toMatchObject({
      structuredContent: { status: 'ok', connected_account_id: other.accountId },
    });
    const foreign = await agent.modern(
      'tools/call',
      calling(FIND, { connected_account_id: other.accountId }),
    );
    expect(foreign.result['structuredContent']).toMatchObject({ code: 'invalid_parameters' });
  });

  it('is found and executed by the two tools of a search', async () => {
    const searching = await scene.agent(
      [{ connection: hubspot.connection, identifiers: ['u1'] }],
      '?tools=search',
    );
    const found = await searching.modern('tools/call', calling('search_tools', { query: 'search contacts' }));
    expect(found.result['structuredContent'].tools[0].name).toBe(FIND);
    const done = await searching.modern('tools/call', calling('execute_tool', { name: FIND, arguments: {} }));
    expect(done.result, done.text).toMatchObject({ structuredContent: { status: 'ok' } });
  });

  it('keeps its name from a tool of an MCP server, which keeps its own', async () => {
    const server = await scene.connected();
    scene.server.tools = [tool(FIND)];
    const both = await scene.agent([
      { connection: hubspot.connection, identifiers: ['u1'] },
      { connection: server.connection },
    ]);
    const names = await both.names();
    expect(names).toContain(FIND);
    expect(names).toContain(`${server.connection}__${FIND}`);
    const done = await both.modern('tools/call', calling(FIND));
    expect(done.result, done.text).toMatchObject({ structuredContent: { tool: FIND } });
    expect(scene.server.of('tools/call')).toEqual([]);
  });
});
