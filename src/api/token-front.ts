/**
 * The token plane's own way in. Nearly every request of a deployment asks for a token, and the app's matching and
 * middleware would cost it more than proving the agent does; so a plain `GET` of one of the two routes comes here first
 * and everything else goes to the app, which knows the same two routes and answers the same.
 */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { configOf, type Config } from '#env.ts';
import { setLogLevel } from '#lib/log.ts';
import { clientOf, correlationIdOf, tlsClientAuthOf, toolCallIdOf, type Arrival } from './arrival.ts';
import type { AppEnv } from './context.ts';
import { discardBody, tooLarge } from './limits.ts';
import { errorResponse, problemDocument } from './problem.ts';
import { tokenByAccount, tokenByConnection } from './token-fetch.ts';

/** The paths as they are, without anything that would have to be decoded: a path that is spelled otherwise is the app's. */
const BY_ACCOUNT = /^\/v1\/connected-accounts\/([A-Za-z0-9_.-]+)\/token$/;
const BY_CONNECTION = /^\/v1\/agents\/([A-Za-z0-9_.-]+)\/credentials\/([A-Za-z0-9_.-]+)$/;

type Handler = (arrival: Arrival) => Promise<Response>;

/** From the first slash behind the host to the query. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.indexOf('?', start);
  return url.slice(start, end < 0 ? undefined : end);
}

function handlerOf(request: Request): Handler | null {
  if (request.method !== 'GET') return null;
  const path = pathOf(request.url);
  const id = BY_ACCOUNT.exec(path)?.[1];
  if (id !== undefined) return (arrival) => tokenByAccount(arrival, id);
  const [, agentId, connection] = BY_CONNECTION.exec(path) ?? [];
  if (agentId === undefined || connection === undefined) return null;
  return (arrival) => tokenByConnection(arrival, agentId, connection);
}

/** The answer of a token route, or null where the request is another one, or the app has to answer it. */
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
  const refused = tooLarge(request);
  if (refused !== null) return Promise.resolve(problemDocument(arrival.correlationId, ...refused));
  return handler(arrival).catch((error: unknown) => errorResponse(error, arrival.correlationId));
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
