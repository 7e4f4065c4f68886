/** The form bodies of the token service, and the form of its refusals (RFC 6749). */

import type { Context } from 'hono';
import type { Form } from '#callers/tokens/client.ts';
import type { Code } from '#contract/codes.ts';
import type { OAuthError } from '#contract/callers/token-service.ts';
import { ProblemError, type ProblemDetails } from '#contract/problem.ts';
import type { AppEnv } from '../context.ts';
import { bodyText } from '../http/limits.ts';

const FORM = 'application/x-www-form-urlencoded';
/** More than any request of ours has. */
const MAX_PARAMETERS = 40;

/** They may be given several times (RFC 8707, 2, and RFC 8693, 2.1): all of them hold. */
const SEVERAL: ReadonlySet<string> = new Set(['resource', 'audience']);

/**
 * Each parameter once, but those that may be several: their values stand beside each other, with a space between. One
 * without a value counts as left out (RFC 6749, 3.2).
 * @throws ProblemError 400, 413, 415
 */
export async function formOf(c: Context<AppEnv>): Promise<Form> {
  const text = await bodyText(c);
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== FORM) throw new ProblemError('unsupported_media_type', { detail: `send the body as ${FORM}` });
  const form = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    const before = form.get(name);
    if (before !== undefined && !SEVERAL.has(name))
      throw refusedAs('invalid_request', 'a parameter is given more than once');
    if (form.size >= MAX_PARAMETERS) throw refusedAs('invalid_request', 'too many parameters');
    form.set(name, before === undefined || before === '' ? value : `${before} ${value}`);
  }
  for (const [name, value] of form) if (value === '') form.delete(name);
  return form;
}

/** A refusal whose `error` its code does not tell. */
export function refusedAs(
  error: OAuthError,
  detail: string,
  code: Code = 'invalid_request',
  more: ProblemDetails = {},
): ProblemError {
  return new ProblemError(code, { ...more, detail, members: { error } });
}

const BY_CODE: Partial<Readonly<Record<Code, OAuthError>>> = {
  unauthenticated: 'invalid_client',
  forbidden: 'unauthorized_client',
  policy_denied: 'unauthorized_client',
  rate_limited: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  vault_locked: 'temporarily_unavailable',
  internal: 'server_error',
  record_corrupt: 'server_error',
};

interface Problem {
  readonly code: Code;
  readonly detail: string;
  readonly correlation_id: string;
  readonly status: number;
  readonly error?: OAuthError;
}

/** The endpoints whose refusals have the form of RFC 6749. */
export const OAUTH_ENDPOINTS = ['/oauth/token', '/oauth/introspect', '/oauth/revoke'] as const;

/** By which schemes a caller proves itself in the head of a request (RFC 6749, 5.2); operators come by the other. */
const CHALLENGES: Readonly<Record<(typeof OAUTH_ENDPOINTS)[number], string>> = {
  '/oauth/token': 'Basic realm="oauth"',
  '/oauth/introspect': 'Bearer, Basic realm="oauth"',
  '/oauth/revoke': 'Bearer, Basic realm="oauth"',
};

/** A problem document in the form of RFC 6749; every other answer as it is. */
export async function inOAuthForm(
  response: Response,
  endpoint: (typeof OAUTH_ENDPOINTS)[number],
): Promise<Response> {
  if (response.headers.get('content-type') !== 'application/problem+json') return response;
  const { code, detail, correlation_id, status, error } = await response.json<Problem>();
  const headers = new Headers(response.headers);
  headers.set('content-type', 'application/json');
  if (code === 'unauthenticated') headers.set('www-authenticate', CHALLENGES[endpoint]);
  const body = {
    error: error ?? BY_CODE[code] ?? 'invalid_request',
    // RFC 6749, 5.2: printable ASCII without quotes and backslashes.
    error_description: detail.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?'),
    code,
    correlation_id,
  };
  // An agent that may not ask has authenticated itself: 400 there (RFC 6749, 5.2).
  const answered = code === 'policy_denied' ? 400 : status;
  return new Response(`${JSON.stringify(body)}\n`, { status: answered, headers });
}
