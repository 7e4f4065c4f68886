/** Wire shapes around the MCP endpoint: how a request begins. Messages themselves are the protocol's. */

import { z } from '@hono/zod-openapi';
import { Identifier } from '../ids.ts';

export const McpQuery = z.object({
  identifier: Identifier.optional().openapi({
    description:
      "Whose accounts, as the header `X-Valetkey-Identifier`; left out: all that the agent's rules reach.",
  }),
  tools: z.enum(['all', 'search'], { error: 'must be `all` or `search`' }).optional().openapi({
    description: '`search` lists `search_tools` and `execute_tool` alone.',
  }),
});

export const McpMessage = z
  .strictObject({
    jsonrpc: z.string().openapi({ example: '2.0' }),
    id: z.union([z.string(), z.number()]).optional(),
    method: z.string().openapi({ example: 'ping' }),
    params: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('McpMessage', { example: { jsonrpc: '2.0', id: 1, method: 'ping' } });

export const McpAnswer = z.record(z.string(), z.unknown()).openapi('McpAnswer');

/** Metadata of the endpoint as a protected resource (RFC 9728). */
export const ResourceMetadata = z
  .object({
    resource: z.string().openapi({ example: 'https://broker.example.com/mcp' }),
    authorization_servers: z.array(z.string()).openapi({ example: ['https://broker.example.com/oauth'] }),
    bearer_methods_supported: z.array(z.string()).openapi({ example: ['header'] }),
    resource_name: z.string().openapi({ example: 'Valetkey' }),
  })
  .openapi('ResourceMetadata');

export const AcceptTool = z
  .strictObject({
    tool: z.string().min(1).max(256).openapi({ description: 'As its server calls it.', example: 'search' }),
    digest: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the digest of a tool')
      .openapi({ example: 'Jm3yTrMVZ2JHkK1sBzQnJ4J4cWc0X9r4nB2xQ9ZkT7c' }),
  })
  .openapi('AcceptTool');

export const AcceptedTool = z
  .object({
    connection: z.string().openapi({ example: 'notes' }),
    tool: z.string().openapi({ example: 'search' }),
    digest: z.string().openapi({ example: 'Jm3yTrMVZ2JHkK1sBzQnJ4J4cWc0X9r4nB2xQ9ZkT7c' }),
    status: z.enum(['accepted']),
  })
  .openapi('AcceptedTool');
