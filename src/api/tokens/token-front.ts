/**
 * The token plane's own way in. Nearly every request of a deployment asks for a token or is proxied, and the app's
 * matching and middleware would cost it more than proving the agent does; so a plain `GET` of one of the two token routes
 * and every request of the proxy come here first. Everything else goes to the app, which knows the same routes and
 * answers the same.
 */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { configOf, type Config } from '#env.ts';
import { setLogLevel } from '#lib/log.ts';
import { clientOf, correlationIdOf, tlsClientAuthOf, toolCallIdOf, type Arrival } from '../arrival.ts';
import type { AppEnv } from '../context.ts';
import { discardBody, tooLarge, uriTooLong } from '../http/limits.ts';
import { errorResponse, problemDocument } from '../http/problem.ts';
import { proxied } from '../proxy/call.ts';
import { proxyPathOf } from '../proxy/routes.ts';
import { tokenByAccount, tokenByConnection } from './token-fetch.ts';

/** The paths as they are, without anything that would have to be decoded: a path that is spelled otherwise is the app's. */
const BY_ACCOUNT = /^\/v1\/connected-accounts\/([A-Za-z0-9_.-]+)\/token$/;
const BY_CONNECTION = /^\/v1\/agents\/([A-Za-z0-9_.-]+)\/credentials\/([A-Za-z0-9_.-]+)$/;

interface Handler {
  readonly handle: (arrival: Arrival) => Promise<Response>;
  /** Its body is not ours to bound. */
  readonly isProxied: boolean;
}

/** From the first slash behind the host to the query. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.indexOf('?', start);
  return url.slice(start, end < 0 ? undefined : end);
}

function handlerOf(request: Request): Handler | null {
  const path = pathOf(request.url);
  const token = request.method === 'GET' ? tokenHandler(path) : null;
  if (token !== null) return { handle: token, isProxied: false };
  const proxy = path.includes('/proxy') ? proxyPathOf(path) : null;
  if (proxy === null) return null;
  const { addressee, front } = proxy;
  const rest = request.url.slice(request.url.indexOf(front) + front.length);
  return { handle: (arrival) => proxied(arrival, request, addressee, rest, front), isProxied: true };
}

function tokenHandler(path: string): Handler['handle'] | null {
  const id = BY_ACCOUNT.exec(path)?.[1];
  if (id !== undefined) return (arrival) => tokenByAccount(arrival, id);
  const [, agentId, connection] = BY_CONNECTION.exec(path) ?? [];
  if (agentId === undefined || connection === undefined) return null;
  return (arrival) => tokenByConnection(arrival, agentId, connection);
}

/** The answer of a token route or of the proxy, or null where the request is another one, or the app has to answer it. */
function answerTokenFetch(
  request: Request,
  env: unknown,
  waitUntil: (work: Promise<unknown>) => void,
): Promise<Response> | null {
  const handler = handlerOf(request);
  if (handler === null) return null;
  let config: Config;
  try {
    config = configOf(env);
  } catch {
    // The app says what this deployment lacks.
    return null;
  }
  setLogLevel(config.logLevel);
  const { headers, method, url } = request;
  const arrival: Arrival = {
    config,
    correlationId: correlationIdOf(headers, config),
    client: clientOf(request),
    tlsClientAuth: tlsClientAuthOf(request),
    toolCallId: toolCallIdOf(headers),
    method,
    headers,
    url,
    waitUntil,
  };
  const refused = handler.isProxied ? uriTooLong(request) : tooLarge(request);
  if (refused !== null) return Promise.resolve(problemDocument(arrival.correlationId, ...refused));
  return handler.handle(arrival).catch(async (error: unknown) => {
    await discardBody(request);
    return errorResponse(error, arrival.correlationId);
  });
}

/** What the platform calls with every request. */
export function createFront(
  app: OpenAPIHono<AppEnv>,
): (request: Request, env: object, ctx: ExecutionContext) => Response | Promise<Response> {
  const answerByApp = async (request: Request, env: object, ctx: ExecutionContext): Promise<Response> => {
    const response = await app.fetch(request, env, ctx);
    await discardBody(request);
    return response;
  };
  return (request, env, ctx) =>
    answerTokenFetch(request, env, (work) => ctx.waitUntil(work)) ?? answerByApp(request, env, ctx);
}
