/** The one place that turns outcomes and errors into problem documents. An unknown error never adds a byte to the answer. */

import type { Context } from 'hono';
import { CODES, type Code } from '#contract/codes.ts';
import { detailOf, ProblemError, type FieldProblem, type ProblemDetails } from '#contract/problem.ts';
import { ConfigError } from '#env.ts';
import { NewerSchemaError } from '#lib/object-schema.ts';
import { log } from '#lib/log.ts';
import { isDamage, isPassingError } from '#lib/platform-errors.ts';
import type { AppEnv } from '../context.ts';

/** `Retry-After`: whole seconds, at least one. */
function retryAfter(seconds: number): string {
  return String(Math.max(1, Math.ceil(seconds)));
}

/** A problem document (RFC 9457) with what goes into its headers. */
export function problemDocument(correlationId: string, code: Code, details: ProblemDetails = {}): Response {
  const { status, title } = CODES[code];
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-correlation-id': correlationId,
  });
  if (details.retryAfterS !== undefined) headers.set('retry-after', retryAfter(details.retryAfterS));
  if (code === 'rate_limited') setRateLimit(headers, details);
  if (code === 'unauthenticated') headers.set('www-authenticate', details.challenge ?? 'Bearer');
  const body = {
    type: `urn:valetkey:problem:${code}`,
    title,
    status,
    code,
    detail: detailOf(code, details),
    correlation_id: correlationId,
    ...(details.errors === undefined ? {} : { errors: details.errors }),
    ...details.members,
  };
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}

/** As draft-ietf-httpapi-ratelimit-headers spells them: nothing is left, and in `t` seconds there is again. */
function setRateLimit(headers: Headers, { policy, retryAfterS = 1 }: ProblemDetails): void {
  const resetS = retryAfter(retryAfterS);
  const { name, quota, windowS } = policy ?? { name: 'simultaneous', quota: 1, windowS: Number(resetS) };
  headers.set('ratelimit-policy', `"${name}";q=${quota};w=${windowS}`);
  headers.set('ratelimit', `"${name}";r=0;t=${resetS}`);
}

export function problemResponse(c: Context<AppEnv>, code: Code, details: ProblemDetails = {}): Response {
  return problemDocument(c.get('correlationId'), code, details);
}

/** What a validation of zod says, with dotted paths. Values are never repeated. */
export function fieldProblems(
  issues: readonly {
    path: readonly PropertyKey[];
    message: string;
    code?: string | undefined;
    keys?: readonly string[];
    expected?: unknown;
  }[],
): FieldProblem[] {
  return issues.slice(0, 50).flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys' && issue.keys !== undefined) {
      return issue.keys.map((key) => ({
        path: [...path, key].join('.').slice(0, 200),
        message: 'unknown field',
      }));
    }
    return [{ path: path.join('.').slice(0, 200), message: messageOf(issue) }];
  });
}

/** Zod's own sentence, but for the two commonest mistakes: a field that is missing, and one of another type. */
function messageOf(issue: { code?: string | undefined; message: string; expected?: unknown }): string {
  const received = /^Invalid input: expected \S+, received (\S+)$/.exec(issue.message)?.[1];
  if (issue.code !== 'invalid_type' || received === undefined) return issue.message;
  return received === 'undefined'
    ? 'is required'
    : `must be of the type ${String(issue.expected)}, not ${received}`;
}

/** Hono's error handler. */
export function handleError(error: unknown, c: Context<AppEnv>): Response {
  return errorResponse(error, c.get('correlationId'));
}

const DAMAGED = 'what is stored was changed outside the broker: tables or parts of them are missing';
const ELSEWHERE_RETRY_S = 5;
/** What an object may have been told by the directory while it worked for us; its class is lost on the way. */
const TOLD_ELSEWHERE = ['unavailable', 'vault_locked', 'record_corrupt'] as const satisfies readonly Code[];

function toldElsewhere(error: unknown): (typeof TOLD_ELSEWHERE)[number] | null {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === 'ProblemError' ? (TOLD_ELSEWHERE.find((one) => one === code) ?? null) : null;
}

/** What a caller is told of an error: bad input and known obstacles by their code, everything else as `internal`. */
export function errorResponse(error: unknown, correlationId: string): Response {
  if (error instanceof ProblemError) return problemDocument(correlationId, error.code, error.details);
  if (error instanceof ConfigError) {
    log('error', error.message, { correlation_id: correlationId });
    return problemDocument(correlationId, 'unavailable', {
      detail: `${error.message}; GET /readyz answers meanwhile`,
      retryAfterS: 60,
    });
  }
  if (error instanceof NewerSchemaError || (error as { name?: unknown }).name === 'NewerSchemaError') {
    return problemDocument(correlationId, 'unavailable', {
      detail: 'the stored data was written by a newer version of the broker',
      retryAfterS: 60,
    });
  }
  const told = toldElsewhere(error);
  if (told !== null) return problemDocument(correlationId, told, { retryAfterS: ELSEWHERE_RETRY_S });
  if (isDamage(error)) {
    log('error', 'an object’s stored data are damaged', { correlation_id: correlationId, error });
    return problemDocument(correlationId, 'record_corrupt', { detail: DAMAGED });
  }
  if (isPassingError(error)) {
    log('warn', 'a part of the broker did not answer', { correlation_id: correlationId, error });
    return problemDocument(correlationId, 'unavailable', {
      detail: 'a part of the broker is overloaded or restarting',
      retryAfterS: 1,
    });
  }
  log('error', 'unhandled', { correlation_id: correlationId, error });
  return problemDocument(correlationId, 'internal');
}
