/** Which error an answer of the broker is. Pure. */

import type { Problem } from '../wire.ts';
import {
  AccountPendingError,
  ApprovalRequiredError,
  ConflictError,
  InvalidRequestError,
  NotFoundError,
  PolicyDeniedError,
  ProviderError,
  ProviderUnavailableError,
  RateLimitedError,
  ReauthRequiredError,
  UnauthenticatedError,
  ValetkeyError,
  type Waiting,
} from './errors.ts';

/** Of text that is no problem document so much is kept for the person who reads the error. */
const SHOWN_CHARACTERS = 200;

/** @param body as it came: a problem document, or whatever stands before the broker said */
export function errorOf(response: Response, body: string, waiting: Waiting): ValetkeyError {
  const problem = problemIn(body);
  const { status } = response;
  const retryAfterS = retryAfterOf(response);
  if (problem === null) {
    const said = body.trim() === '' ? 'no body' : body.trim().slice(0, SHOWN_CHARACTERS);
    const parts = { code: 'sdk_unexpected_answer', status };
    const message = `valetkey: ${status}, which is no answer of a broker: ${said}`;
    return status === 429 || status >= 500
      ? new ProviderUnavailableError(message, parts, retryAfterS)
      : new ValetkeyError(message, parts);
  }
  const { code } = problem;
  const message = `valetkey: ${code}: ${problem.detail}${linkIn(problem)}`;
  const parts = { code, status, problem };
  switch (code) {
    case 'reauth_required':
      return new ReauthRequiredError(message, parts, waiting);
    case 'account_pending':
      return new AccountPendingError(message, parts, waiting);
    case 'approval_required':
      return new ApprovalRequiredError(message, parts, waiting);
    case 'policy_denied':
    case 'forbidden':
      return new PolicyDeniedError(message, parts);
    case 'rate_limited':
      return new RateLimitedError(message, parts, retryAfterS);
    case 'unauthenticated':
      return new UnauthenticatedError(message, parts);
    case 'not_found':
      return new NotFoundError(message, parts);
    case 'provider_error':
    case 'token_echo_blocked':
      return new ProviderError(message, parts);
    default:
      if (status >= 500) return new ProviderUnavailableError(message, parts, retryAfterS);
      if (status === 409) return new ConflictError(message, parts);
      return status === 400 || status === 422
        ? new InvalidRequestError(message, parts)
        : new ValetkeyError(message, parts);
  }
}

/** A person who reads a log finds the way out in its first line. */
function linkIn({ reauth_url, connect_url }: Problem): string {
  const link = reauth_url ?? connect_url;
  return link === undefined || link === null ? '' : ` (${link})`;
}

function problemIn(body: string): Problem | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (parsed === null || typeof parsed !== 'object') return null;
    const { code, detail } = parsed as Record<string, unknown>;
    return typeof code === 'string' && typeof detail === 'string' ? (parsed as Problem) : null;
  } catch {
    return null;
  }
}

/** Seconds; RFC 9110, 10.2.3 allows a date too. Null: nothing usable is said. */
export function retryAfterOf({ headers }: Pick<Response, 'headers'>): number | null {
  const said = headers.get('retry-after');
  if (said === null) return null;
  if (/^\d{1,9}$/.test(said)) return Number(said);
  const untilMs = Date.parse(said) - (Date.parse(headers.get('date') ?? '') || Date.now());
  return Number.isNaN(untilMs) ? null : Math.max(0, Math.ceil(untilMs / 1000));
}
