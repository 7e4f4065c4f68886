/**
 * `POST /mcp`: tools over the Model Context Protocol. What the protocol does not look after stands before it here: the
 * host that was asked, the page that asks, the limits of the request, and the proof of the agent.
 */

import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AgentProof } from '#callers/proof.ts';
import { issuerOf } from '#callers/tokens/claims.ts';
import { McpAnswer, McpMessage, McpQuery, ResourceMetadata } from '#contract/accounts/mcp.ts';
import { Identifier } from '#contract/ids.ts';
import { invalid, ProblemError } from '#contract/problem.ts';
import { isLoopbackHost } from '#egress/guard/guard.ts';
import type { Config } from '#env.ts';
import { arrivalOf, type Arrival } from '../arrival.ts';
import type { AppEnv } from '../context.ts';
import { contextOf, ensureSchema, recordRefusal, requireAgent } from '../guards.ts';
import { describe, refuseUnknownQuery } from '../http/describe.ts';
import { checked, headerOf, queryIn } from '../http/input.ts';
import { readJson } from '../http/limits.ts';
import { jsonBody, responses } from '../http/responses.ts';
import { originOf } from '../http/origin.ts';
import { newRouter } from '../http/router.ts';
import { offerOf } from './offer.ts';

const route = createRoute({
  method: 'post',
  path: '/mcp',
  operationId: 'mcp',
  summary: 'Tools over the Model Context Protocol',
  description:
    'Streamable HTTP, stateless, of the revision 2026-07-28 and of those of 2025: give an MCP client this URL and the agent’s key as `Authorization: Bearer`. Refusals of the request itself are problem documents, those of a tool are results with `isError`.',
  request: {
    query: McpQuery,
    headers: z.object({
      'x-valetkey-identifier': z.string().optional().openapi({
        description: 'Whose accounts; percent-encoded where it is not ASCII.',
        example: 'user_123',
      }),
    }),
    ...jsonBody(McpMessage),
  },
  responses: answers(),
});

/** An answer is JSON or, to clients of 2025, one event; what the protocol refuses is JSON of its own form. */
function answers(): ReturnType<typeof responses> {
  const all = responses({ 200: McpAnswer, 202: null }, [
    'policy_denied',
    'not_found',
    'too_large',
    'unsupported_media_type',
  ]);
  const message = { schema: McpAnswer };
  const told = (status: string, content: object) => {
    const { description, content: known } = all[status] as { description: string; content?: object };
    return { description, content: { ...known, ...content } };
  };
  return {
    ...all,
    200: told('200', { 'text/event-stream': { schema: z.string() } }),
    400: told('400', { 'application/json': message }),
    404: told('404', { 'application/json': message }),
  };
}

const METADATA = '/.well-known/oauth-protected-resource/mcp';

const metadata = createRoute({
  method: 'get',
  path: METADATA,
  operationId: 'getMcpMetadata',
  summary: 'Where tokens for the MCP endpoint come from',
  description:
    'RFC 9728. 404 unless the setting MCP_OAUTH is `true`: clients that find it may ignore the key that they were given.',
  responses: responses({ 200: ResourceMetadata }, ['not_found']),
});

export function mcpRoutes(): OpenAPIHono<AppEnv> {
  const router = newRouter();
  describe(router, route, serve);
  describe(router, metadata, refuseUnknownQuery, (c) => {
    if (!c.get('config').mcpOauth) throw new ProblemError('not_found');
    const origin = originOf(c);
    return c.json({
      resource: `${origin}/mcp`,
      authorization_servers: [issuerOf(origin)],
      bearer_methods_supported: ['header'],
      resource_name: 'Valetkey',
    });
  });
  return router;
}

async function serve(c: Context<AppEnv>): Promise<Response> {
  const arrival = arrivalOf(c);
  const config = c.get('config');
  refuseStrangers(config, arrival.url, arrival.headers);
  const caller = await provedAgent(c, arrival);
  const { identifier, tools } = queryIn(arrival.url, McpQuery);
  const whose = identifierOf(arrival.headers, identifier ?? null);
  const body = await readJson(c);
  if (Array.isArray(body)) throw invalid('', 'a batch: send one message a request');
  const { method } = checked(McpMessage, body);
  if (method === 'subscriptions/listen')
    return refusedByProtocol(-32601, 'nothing is sent unasked here: list the tools again', idOf(body));
  if (caller.status !== 'active') {
    const reason = 'agent_suspended';
    const refused = { reason, connection: null, identifier: null, known: false } as const;
    const use = { action: 'mcp' } as const;
    await recordRefusal(config, caller, contextOf(c, caller), { ...refused, use });
    throw new ProblemError('policy_denied', { members: { reason } });
  }
  await ensureSchema(c);
  const { signal } = c.req.raw;
  const offer = offerOf(arrival, caller, { identifier: whose, isSearch: tools === 'search', signal });
  // The protocol's libraries cost a tenth of a second to start: an isolate that serves no MCP does without.
  const { answerMcp } = await import('#tools/mcp/server.ts');
  const answer = await answerMcp(forProtocol(c.req.raw), body, offer);
  const response = new Response(answer.body, answer);
  response.headers.set('cache-control', 'no-store');
  return response;
}

/** @throws ProblemError whose challenge says where tokens come from, in a deployment that publishes it */
async function provedAgent(c: Context<AppEnv>, arrival: Arrival): Promise<AgentProof> {
  try {
    return await requireAgent(arrival);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'unauthenticated' || !c.get('config').mcpOauth)
      throw error;
    const { challenge = 'Bearer', ...details } = error.details;
    const place = `resource_metadata="${originOf(c)}${METADATA}"`;
    throw new ProblemError('unauthenticated', {
      ...details,
      challenge: challenge.includes(' ') ? `${challenge}, ${place}` : `${challenge} ${place}`,
    });
  }
}

/**
 * A name that leads to this machine, and a page of another site: a browser would bring both, with proofs that it adds by
 * itself. @throws ProblemError 403
 */
function refuseStrangers({ baseUrl, allowLoopback }: Config, url: string, headers: Headers): void {
  const asked = new URL(url);
  const own = baseUrl === null ? null : new URL(baseUrl);
  const isLocal = allowLoopback && isLoopbackHost(asked.hostname);
  const isOwn = own === null ? !allowLoopback : asked.host === own.host;
  if (!isOwn && !isLocal)
    throw new ProblemError('forbidden', {
      detail: 'this host is not the broker’s: use the address in BASE_URL',
    });
  const origin = headers.get('origin');
  if (origin === null || origin === asked.origin || origin === own?.origin) return;
  throw new ProblemError('forbidden', { detail: 'a page of another origin may not call this' });
}

/** @throws ProblemError 400 where it breaks the rule, or header and query disagree */
function identifierOf(headers: Headers, asked: string | null): string | null {
  const name = 'X-Valetkey-Identifier';
  const given = headerOf(headers, name, Identifier);
  if (given !== null && asked !== null && asked !== given)
    throw invalid(name, 'is another than the query names');
  return given ?? asked;
}

const PROTOCOL_HEADER = /^mcp-[a-z0-9-]+$/;

/** The request as the library gets it: headers of the protocol, and none that proves the caller. */
function forProtocol({ url, headers, signal }: Request): Request {
  const kept = new Headers({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  });
  for (const [name, value] of headers) if (PROTOCOL_HEADER.test(name)) kept.set(name, value);
  return new Request(new URL(url).origin + '/mcp', { method: 'POST', headers: kept, signal });
}

function idOf(body: unknown): string | number | null {
  const { id } = body as { id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function refusedByProtocol(code: number, message: string, id: string | number | null): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id });
}
