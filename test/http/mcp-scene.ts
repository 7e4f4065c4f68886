/** A broker, a played MCP server, and the short ways to connections and agents of both. */

import { expect, vi } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { client, type Client } from '../support/callers.ts';
import { legacy, modern, startPlayedServer, type PlayedServer } from '../support/mcp-played.ts';
import { PATIENCE } from '../support/patience.ts';
import { name } from '../support/world.ts';

export interface McpAgent {
  readonly id: string;
  readonly key: string;
  readonly client: Client;
  readonly url: string;
  legacy(method: string, params?: object, headers?: Record<string, string>): ReturnType<typeof legacy>;
  modern(method: string, params?: object, options?: Parameters<typeof modern>[4]): ReturnType<typeof modern>;
  /** Names of the listed tools. */
  names(): Promise<string[]>;
}

export interface McpScene {
  readonly broker: TestBroker;
  readonly operator: Client;
  readonly server: PlayedServer;
  /** A connection to the played server, with an account of each identifier. */
  connected(
    identifiers?: readonly string[],
    fields?: object,
  ): Promise<{ connection: string; accounts: string[] }>;
  agent(rules: readonly object[], query?: string, id?: string): Promise<McpAgent>;
  stop(): Promise<void>;
}

export async function startMcpScene(settings?: Record<string, string>): Promise<McpScene> {
  const broker = await startBroker(settings === undefined ? {} : { settings });
  const operator = client(broker.url, broker.adminKey);
  const server = await startPlayedServer();
  return {
    broker,
    operator,
    server,
    connected: async (identifiers = ['default'], fields = {}) => {
      const connection = name('mcp');
      const made = await operator.post('/v1/connections', {
        id: connection,
        provider: 'mcp',
        provider_config: { url: server.url },
        ...fields,
      });
      expect(made.status, made.text).toBe(201);
      const accounts: string[] = [];
      for (const identifier of identifiers) {
        const account = await operator.post('/v1/connected-accounts', { connection, identifier });
        expect(account.body.status, account.text).toBe('active');
        accounts.push(String(account.body.id));
      }
      await vi.waitFor(async () => {
        const listed = await operator.get(`/v1/connected-accounts?connection=${connection}`);
        expect(listed.body.data).toHaveLength(identifiers.length);
      }, PATIENCE);
      server.asked.length = 0;
      return { connection, accounts };
    },
    agent: async (rules, query = '', id = name('agent')) => {
      const made = await operator.post('/v1/agents', { id, key: true, policy: { rules } });
      expect(made.status, made.text).toBe(201);
      const key = String(made.body.key);
      const url = `${broker.url}/mcp${query}`;
      const agent: McpAgent = {
        id,
        key,
        url,
        client: client(broker.url, key),
        legacy: (method, params, headers) => legacy(url, key, method, params as never, headers),
        modern: (method, params, options) => modern(url, key, method, params as never, options),
        names: async () => {
          const { result, text } = await agent.modern('tools/list');
          if (result === undefined) throw new Error(text);
          return (result['tools'] as { name: string }[]).map((tool) => tool.name);
        },
      };
      return agent;
    },
    stop: async () => {
      await broker.dispose();
      await server.close();
    },
  };
}
