/**
 * An MCP server and its authorization server on one loopback port, played by a few lines, so that a test says what each
 * document holds and reads each request that came. The real ones are in `mcp-server.ts`.
 */

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface McpAsked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface McpStub {
  readonly origin: string;
  /** URL of the MCP server. */
  readonly url: string;
  /** JSON by path, for GET. */
  readonly documents: Map<string, unknown>;
  /** `WWW-Authenticate` of its 401; null: it asks for no token. */
  challenge: string | null;
  /** What the registration answers; null: 403. */
  registers: Record<string, unknown> | null;
  /** `iss` of the authorization response; null: none. */
  iss: string | null;
  /** Answers messages that come with a token; null: nothing of the protocol but its form. */
  speaks: ((message: Record<string, any>, asked: McpAsked, response: ServerResponse) => void) | null;
  /** True: the token endpoint knows no grant any more. */
  isGrantDead: boolean;
  readonly asked: McpAsked[];
  /** Access tokens that it has given out, the newest last. */
  readonly tokens: string[];
  /** Those of one path. */
  at(path: string): McpAsked[];
  /** The usual documents: resource metadata in the form of the path, RFC 8414 metadata of the origin. */
  publish(changes?: { resource?: Record<string, unknown>; server?: Record<string, unknown> }): void;
  close(): Promise<void>;
}

export const WELL_KNOWN = {
  resource: '/.well-known/oauth-protected-resource',
  oauth: '/.well-known/oauth-authorization-server',
  openid: '/.well-known/openid-configuration',
};

export async function startMcpStub(): Promise<McpStub> {
  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const stub: McpStub = {
    origin,
    url: `${origin}/mcp`,
    documents: new Map(),
    challenge: 'Bearer',
    registers: null,
    iss: null,
    speaks: null,
    isGrantDead: false,
    asked: [],
    tokens: [],
    at: (path) => stub.asked.filter((one) => one.path === path),
    publish: ({ resource = {}, server = {} } = {}) => {
      stub.documents.clear();
      stub.documents.set(`${WELL_KNOWN.resource}/mcp`, resourceDocument(stub, resource));
      stub.documents.set(WELL_KNOWN.oauth, serverDocument(stub.origin, server));
    },
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  stub.publish();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', origin);
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = 'GET', headers } = request;
    stub.asked.push({ method, path, query, headers, body });
    const json = (status: number, value: unknown, more: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...more });
      response.end(JSON.stringify(value));
    };
    if (method === 'GET' && path === '/authorize') {
      const back = new URL(query.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'a-code');
      back.searchParams.set('state', query.get('state') ?? '');
      if (stub.iss !== null) back.searchParams.set('iss', stub.iss);
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    if (path === '/token' && stub.isGrantDead && body.includes('grant_type=refresh_token'))
      return json(400, { error: 'invalid_grant' });
    if (path === '/token') {
      const token = `at-${randomBytes(16).toString('hex')}`;
      stub.tokens.push(token);
      const refresh = `rt-${randomBytes(16).toString('hex')}`;
      json(200, { access_token: token, token_type: 'Bearer', expires_in: 3600, refresh_token: refresh });
      return;
    }
    if (path === '/register') {
      json(stub.registers === null ? 403 : 201, stub.registers ?? { error: 'access_denied' });
      return;
    }
    if (path === '/mcp') {
      const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
      if (stub.challenge !== null && !stub.tokens.includes(token ?? '')) {
        json(401, { error: 'invalid_token' }, { 'www-authenticate': stub.challenge });
        return;
      }
      if (stub.speaks !== null && method === 'POST')
        return stub.speaks(JSON.parse(body), { method, path, query, headers, body }, response);
      json(200, { jsonrpc: '2.0', id: 1, result: {} }, { 'mcp-session-id': 'of-the-server' });
      return;
    }
    const document = stub.documents.get(path);
    if (document === undefined) json(404, { error: 'not_found' });
    else json(200, document);
  }

  return stub;
}

export function resourceDocument(stub: McpStub, changes: Record<string, unknown> = {}): unknown {
  return {
    resource: stub.url,
    authorization_servers: [stub.origin],
    scopes_supported: ['notes.read'],
    ...changes,
  };
}

export function serverDocument(issuer: string, changes: Record<string, unknown> = {}): unknown {
  const { origin } = new URL(issuer);
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    code_challenge_methods_supported: ['S256'],
    response_types_supported: ['code'],
    ...changes,
  };
}
