/** Unmodified MCP clients at `POST /mcp`, each by its URL and the agent's key alone. */

import { createMCPClient } from '@ai-sdk/mcp';
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import {
  Client as NewClient,
  StreamableHTTPClientTransport as NewTransport,
} from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { tool } from '../support/mcp-played.ts';
import { startMcpScene, type McpAgent, type McpScene } from './mcp-scene.ts';

let scene: McpScene;
let connection: string;
let agent: McpAgent;

beforeAll(async () => {
  scene = await startMcpScene();
  ({ connection } = await scene.connected());
  agent = await scene.agent([{ connection, actions: ['mcp'] }]);
});
beforeEach(() => {
  scene.server.reset();
  scene.server.tools = [tool('say'), tool('add')];
});
afterAll(() => scene.stop());

interface Used {
  readonly names: readonly string[];
  readonly said: string;
  readonly failed: string;
}

const NAMED = { name: 'a-client', version: '1.0.0' };

async function byNewClient(
  mode: 'legacy' | { pin: string },
  url: URL,
  headers: Record<string, string>,
): Promise<Used> {
  const client = new NewClient(NAMED, { versionNegotiation: { mode } });
  await client.connect(new NewTransport(url, { requestInit: { headers } }));
  try {
    expect(client.getProtocolEra()).toBe(mode === 'legacy' ? 'legacy' : 'modern');
    const { tools } = await client.listTools();
    const said = await client.callTool({ name: `${connection}__say`, arguments: { text: 'hello' } });
    const failed = await client.callTool({ name: `${connection}__add`, arguments: {} });
    return {
      names: tools.map(({ name }) => name),
      said: JSON.stringify(said),
      failed: JSON.stringify(failed),
    };
  } finally {
    await client.close();
  }
}

const CLIENTS: Record<string, (url: URL, headers: Record<string, string>) => Promise<Used>> = {
  '@modelcontextprotocol/client, of 2026-07-28': (url, headers) =>
    byNewClient({ pin: '2026-07-28' }, url, headers),
  '@modelcontextprotocol/client, of 2025': (url, headers) => byNewClient('legacy', url, headers),
  '@modelcontextprotocol/sdk': async (url, headers) => {
    const client = new FirstClient(NAMED);
    const transport = new FirstTransport(url, { requestInit: { headers } });
    await client.connect(transport as Parameters<FirstClient['connect']>[0]);
    try {
      const { tools } = await client.listTools();
      const said = await client.callTool({ name: `${connection}__say`, arguments: { text: 'hello' } });
      const failed = await client.callTool({ name: `${connection}__add`, arguments: {} });
      return {
        names: tools.map(({ name }) => name),
        said: JSON.stringify(said),
        failed: JSON.stringify(failed),
      };
    } finally {
      await client.close();
    }
  },
  '@ai-sdk/mcp': async (url, headers) => {
    const client = await createMCPClient({ transport: { type: 'http', url: url.href, headers } });
    try {
      const tools = (await client.tools()) as unknown as Record<
        string,
        { execute(input: unknown, options: unknown): Promise<unknown> }
      >;
      const called = (name: string, input: unknown) =>
        Promise.resolve(tools[name]?.execute(input, { toolCallId: '1', messages: [] })).catch(String);
      return {
        names: Object.keys(tools),
        said: JSON.stringify(await called(`${connection}__say`, { text: 'hello' })),
        failed: JSON.stringify(await called(`${connection}__add`, {})),
      };
    } finally {
      await client.close();
    }
  },
  '@langchain/mcp-adapters': async (url, headers) => {
    const client = new MultiServerMCPClient({
      mcpServers: { valetkey: { transport: 'http', url: url.href, headers } },
    });
    try {
      const tools = await client.getTools();
      const called = (name: string, input: object) =>
        Promise.resolve(tools.find((one) => one.name === name)?.invoke(input)).catch(String);
      return {
        names: tools.map(({ name }) => name),
        said: JSON.stringify(await called(`${connection}__say`, { text: 'hello' })),
        failed: JSON.stringify(await called(`${connection}__add`, {})),
      };
    } finally {
      await client.close();
    }
  },
};

it.each(Object.keys(CLIENTS))(
  '%s lists the tools, calls one, and sees that another has failed',
  async (one) => {
    scene.server.result = (name, args) =>
      name === 'add'
        ? { content: [{ type: 'text', text: 'numbers are missing' }], isError: true }
        : { content: [{ type: 'text', text: `${name} ${String(args['text'])}` }] };
    const used = await CLIENTS[one]?.(new URL(agent.url), { authorization: `Bearer ${agent.key}` });
    expect(used?.names.toSorted()).toEqual([`${connection}__add`, `${connection}__say`]);
    expect(used?.said).toContain('say hello');
    expect(used?.failed).toContain('numbers are missing');
    expect(scene.server.of('tools/call').map(({ params }) => params.name)).toEqual(['say', 'add']);
    const headers = JSON.stringify(scene.server.asked.map((asked) => asked.headers));
    expect(headers).not.toContain('vk_agent_');
  },
);
