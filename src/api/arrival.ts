/**
 * What a request brings before anybody is proved: its correlation id, where it comes from, and its head. Made once per
 * request, for the routes of the app and for the token plane's own way in alike. Decides nothing.
 */

import type { Context } from 'hono';
import type { RequestPieces } from '#callers/proof.ts';
import { holdsKey } from '#callers/bearer.ts';
import { isRootKey } from '#callers/methods/root-key.ts';
import type { ClientInfo } from '#audit/record.ts';
import { CORRELATION_PATTERN } from '#contract/ids.ts';
import { invalid } from '#contract/problem.ts';
import { MAX_PURPOSE_CHARS } from '#contract/rules/fields.ts';
import type { Config } from '#env.ts';
import type { AppEnv } from './context.ts';

/** All that a route of agents needs of a request, and what proving its caller takes from it. */
export type Arrival = RequestPieces;

/** Longer ones are cut: what an agent writes there must not cost it its token. */
const TOOL_CALL_ID_LIMIT = 128;

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:.]{1,40})$/i;

/** What the edge says of the caller's address. A text of another form is not recorded: elsewhere any caller may write the header. */
function addressOf(headers: Headers): string | null {
  const given = headers.get('cf-connecting-ip');
  return given !== null && ADDRESS.test(given) ? given : null;
}

/** Where the request comes from, as far as the edge knows. */
export function clientOf(request: Request): ClientInfo {
  const cf = request.cf as { country?: string; colo?: string } | undefined;
  return {
    ip: addressOf(request.headers),
    country: cf?.country ?? null,
    colo: cf?.colo ?? null,
    user_agent: request.headers.get('user-agent'),
  };
}

/** What the edge says of the client's certificate; undefined: nothing. */
export function tlsClientAuthOf(request: Request): unknown {
  return (request.cf as { tlsClientAuth?: unknown } | undefined)?.tlsClientAuth;
}

/** The request's own id where it is a sane one. A key of ours in that header is refused, and not repeated. */
export function correlationIdOf(headers: Headers, config: Pick<Config, 'adminKey'>): string {
  const given = headers.get('x-correlation-id');
  const isTaken =
    given !== null && CORRELATION_PATTERN.test(given) && !holdsKey(given) && !isRootKey(config, given);
  return isTaken ? given : crypto.randomUUID();
}

export function toolCallIdOf(headers: Headers): string | null {
  return headers.get('x-tool-call-id')?.slice(0, TOOL_CALL_ID_LIMIT) ?? null;
}

/** Why the caller asks, in its own words; null: it does not say. @throws ProblemError 400 where it says too much */
export function purposeOf(headers: Headers): string | null {
  const given = headers.get('x-valetkey-purpose')?.trim() ?? '';
  if ([...given].length > MAX_PURPOSE_CHARS)
    throw invalid('X-Valetkey-Purpose', `must have at most ${MAX_PURPOSE_CHARS} characters`);
  return given === '' ? null : given;
}

/** The arrival of a request that the app has taken in: one, however often it is asked for. */
export function arrivalOf(c: Context<AppEnv>): Arrival {
  const known = c.get('arrival');
  if (known !== undefined) return known;
  const { headers, method, url } = c.req.raw;
  const arrival: Arrival = {
    config: c.get('config'),
    correlationId: c.get('correlationId'),
    client: c.get('client'),
    tlsClientAuth: tlsClientAuthOf(c.req.raw),
    toolCallId: toolCallIdOf(headers),
    method,
    headers,
    url,
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  };
  c.set('arrival', arrival);
  return arrival;
}
