/**
 * A real MCP server (the SDK's, over Streamable HTTP) behind a real authorization server (`oidc-provider`) on one
 * loopback port: clients register themselves, tokens are for the server's URL alone, refresh tokens rotate.
 */

import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
// @ts-expect-error: an untyped module; what is used of it is typed below.
import { Provider as Untyped } from 'oidc-provider';

interface Token {
  readonly accountId: string;
  readonly aud?: string | string[];
  destroy(): Promise<void>;
}

interface Grant {
  addOIDCScope(scope: string): void;
  addResourceScope(resource: string, scope: string): void;
  save(): Promise<string>;
}

interface Provider {
  silent: boolean;
  callback(): (request: IncomingMessage, response: ServerResponse) => unknown;
  on(event: 'server_error', listener: (ctx: unknown, error: unknown) => void): unknown;
  interactionDetails(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ params: Readonly<Record<string, unknown>> }>;
  interactionFinished(
    request: IncomingMessage,
    response: ServerResponse,
    result: Record<string, unknown>,
    options: { mergeWithLastSubmission: boolean },
  ): Promise<void>;
  Grant: new (input: { accountId: string; clientId: string }) => Grant;
  AccessToken: { find(value: string): Promise<Token | undefined> };
  RefreshToken: { find(value: string): Promise<Token | undefined> };
}

export interface RealMcpServer {
  readonly url: string;
  /** Ends the newest access token at once, as if its time were over. */
  expire(): Promise<void>;
  /** Whether the newest access token is taken. */
  lives(): Promise<boolean>;
  /** Grant types of the requests to the token endpoint. */
  readonly granted: string[];
  readonly errors: unknown[];
  close(): Promise<void>;
}

const SUBJECT = 'user-of-the-server';

export async function startRealMcpServer(): Promise<RealMcpServer> {
  const http = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const url = `${origin}/mcp`;
  const [granted, errors]: [string[], unknown[]] = [[], []];
  const provider = providerAt(origin, url, (grantType) => granted.push(grantType));
  provider.on('server_error', (_ctx, error) => errors.push(error));
  const serve = provider.callback();
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  let newest = '';

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', origin);
    if (pathname === '/mcp') return serveMcp(request, response);
    if (pathname.startsWith('/interaction/')) return consent(request, response);
    if (pathname !== '/.well-known/oauth-protected-resource/mcp') return void serve(request, response);
    response.writeHead(200, { 'content-type': 'application/json' });
    const scopes = ['openid', 'notes.read'];
    response.end(
      JSON.stringify({ resource: url, authorization_servers: [origin], scopes_supported: scopes }),
    );
  }

  async function consent(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: SUBJECT, clientId: String(params['client_id']) });
    grant.addOIDCScope('openid offline_access');
    grant.addResourceScope(url, 'notes.read');
    const result = { login: { accountId: SUBJECT }, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }

  async function serveMcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const value = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const token = await provider.AccessToken.find(value);
    if (token === undefined || token.aud !== url) {
      const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
      const error = value === '' ? '' : 'error="invalid_token", ';
      response.writeHead(401, { 'www-authenticate': `Bearer ${error}${metadata}` }).end();
      return;
    }
    newest = value;
    const known = sessions.get(String(request.headers['mcp-session-id']));
    const transport = known ?? (await newSession());
    Object.assign(request, { auth: { token: value, clientId: 'a-client', scopes: [] } });
    await transport.handleRequest(request, response);
  }

  async function newSession(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = new McpServer({ name: 'notes', version: '1.0.0' });
    server.registerTool('whose_token', { description: 'Which token came' }, (extra) => ({
      content: [{ type: 'text', text: printOf(extra.authInfo?.token ?? '') }],
    }));
    await server.connect(transport as Parameters<McpServer['connect']>[0]);
    return transport;
  }

  return {
    url,
    granted,
    errors,
    expire: async () => (await provider.AccessToken.find(newest))?.destroy(),
    lives: async () => (await provider.AccessToken.find(newest)) !== undefined,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const printOf = (token: string): string => createHash('sha256').update(token).digest('hex').slice(0, 16);

function providerAt(origin: string, resource: string, granted: (grantType: string) => void): Provider {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const provider = new (Untyped as new (issuer: string, configuration: unknown) => Provider)(origin, {
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    scopes: ['openid', 'offline_access'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientBasedCORS: () => false,
    responseTypes: ['code'],
    pkce: { required: () => true },
    interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'notes.read',
          audience: resource,
          accessTokenFormat: 'opaque',
        }),
      },
    },
    findAccount: (_ctx: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    expiresWithSession: () => false,
    rotateRefreshToken: () => true,
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 60,
      Grant: 86_400,
      RefreshToken: 86_400,
      IdToken: 3600,
      Interaction: 3600,
      Session: 3600,
    },
    renderError: (ctx: { body: unknown; set(name: string, value: string): void }, out: unknown) => {
      ctx.set('content-type', 'application/json');
      ctx.body = out;
    },
  });
  provider.silent = true;
  const listeners = provider as unknown as {
    on(event: 'grant.success', listener: (ctx: { oidc: { params: Record<string, unknown> } }) => void): void;
  };
  listeners.on('grant.success', ({ oidc }) => granted(String(oidc.params['grant_type'])));
  return provider;
}
