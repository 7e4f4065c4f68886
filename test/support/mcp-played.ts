/**
 * An MCP server that asks for no authorization, played by a few lines, so that a test says what its tools are and what it
 * answers; and the two ways in which a test speaks to an MCP server without a client.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { call, type Reply } from './callers.ts';

type Json = Record<string, any>;

export interface PlayedServer {
  readonly url: string;
  tools: Json[];
  /** How long its list holds; null: it does not say. */
  ttlMs: number | null;
  /** The result of a call. */
  result: (name: string, args: Json) => Json;
  /** Takes an answer over; true: it has. */
  instead: ((message: Json, response: ServerResponse) => boolean) | null;
  readonly asked: { readonly message: Json; readonly headers: IncomingMessage['headers'] }[];
  /** The messages of one method. */
  of(method: string): Json[];
  /** Answers one message, wherever it came from. */
  speak(message: Json, headers: IncomingMessage['headers'], response: ServerResponse): void;
  reset(): void;
  close(): Promise<void>;
}

export const tool = (name: string, more: Json = {}): Json => ({
  name,
  description: `Does ${name}`,
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
  ...more,
});

export const text = (said: string): Json => ({ content: [{ type: 'text', text: said }] });

export async function startPlayedServer(): Promise<PlayedServer> {
  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const played: PlayedServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    tools: [],
    ttlMs: null,
    result: (name) => text(`${name} was called`),
    instead: null,
    asked: [],
    of: (method) => played.asked.flatMap(({ message }) => (message['method'] === method ? [message] : [])),
    speak: (message, headers, response) => {
      played.asked.push({ message, headers });
      if (played.instead?.(message, response) === true) return;
      const { method, id, params = {} } = message;
      const reply = (status: number, value: Json): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, ...value }));
      };
      if (id === undefined) return void response.writeHead(202).end();
      if (method === 'initialize') {
        const serverInfo = { name: 'played', version: '1.0.0' };
        return reply(200, {
          result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo },
        });
      }
      if (method === 'tools/list') {
        const { tools, ttlMs } = played;
        return reply(200, { result: { tools, ...(ttlMs === null ? {} : { ttlMs }) } });
      }
      if (method === 'tools/call')
        return reply(200, { result: played.result(params.name, params.arguments) });
      reply(400, { error: { code: -32601, message: 'Method not found' } });
    },
    reset: () => {
      Object.assign(played, { tools: [tool('echo')], ttlMs: 0, instead: null });
      played.result = (name, args) => text(`${name}: ${JSON.stringify(args)}`);
      played.asked.length = 0;
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  played.reset();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method !== 'POST') return void response.writeHead(405).end();
    played.speak(JSON.parse(body) as Json, request.headers, response);
  }

  return played;
}

export interface McpReply extends Reply {
  /** Of the answer, also where it came as a stream. */
  readonly result: Json;
  readonly error: Json;
}

function read(reply: Reply): McpReply {
  const isStream = String(reply.headers['content-type']).includes('text/event-stream');
  const data = isStream ? /^data: (.+)$/m.exec(reply.text)?.[1] : undefined;
  const body = data === undefined ? reply.body : JSON.parse(data);
  return { ...reply, body, result: body?.result, error: body?.error };
}

/** A message of the revisions of 2025, to a server without sessions. */
export async function legacy(
  url: string,
  key: string | null,
  method: string,
  params: Json = {},
  headers: Record<string, string> = {},
): Promise<McpReply> {
  const accept = 'application/json, text/event-stream';
  const body = { jsonrpc: '2.0', id: 1, method, params };
  return read(await call('POST', url, { key, body, headers: { accept, ...headers } }));
}

const REVISION = '2026-07-28';
const PREFIX = 'io.modelcontextprotocol/';

/** A message of the revision 2026-07-28. */
export async function modern(
  url: string,
  key: string | null,
  method: string,
  params: Json = {},
  { capabilities = {}, headers = {} }: { capabilities?: Json; headers?: Record<string, string> } = {},
): Promise<McpReply> {
  const envelope = {
    [`${PREFIX}protocolVersion`]: REVISION,
    [`${PREFIX}clientInfo`]: { name: 'a-test', version: '1.0.0' },
    [`${PREFIX}clientCapabilities`]: capabilities,
  };
  const named = typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {};
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method,
    params: { ...params, _meta: { ...params['_meta'], ...envelope } },
  };
  return read(
    await call('POST', url, {
      key,
      body,
      headers: {
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': REVISION,
        'mcp-method': method,
        ...named,
        ...headers,
      },
    }),
  );
}
