/**
 * May a grant be revoked at its provider, and what did the provider say? Pure. At some providers revoking one token
 * ends every grant of the user there, so a grant that could be another user's is left alone.
 *
 * Source: RFC 7009 sections 2.1 and 2.2.
 */

import { passesSuccessCheck } from '../answers/answer.ts';
import { parseBody } from '../answers/body.ts';
import type { Answer } from '../answers/classify.ts';
import type { Descriptor, RevocationReach } from '../descriptor.ts';
import { parseRetryAfterMs } from '../reading/instant.ts';

/** The outcome of a revocation; `failed`: the provider never said that it did it. */
export type RevocationOutcome = 'revoked' | 'skipped_shared_grant' | 'unsupported' | 'failed';

/** By what a provider tells grants apart. Null: not known, which may be anything. */
export interface GrantIdentity {
  readonly tokenHost: string | null;
  readonly clientId: string | null;
  readonly subject: string | null;
}

/** The host of a token endpoint; null where there is none. */
export function tokenHostOf(tokenUrl: string | null): string | null {
  return tokenUrl !== null && URL.canParse(tokenUrl) ? new URL(tokenUrl).host : null;
}

/** Whether two grants may be one at the provider. A fact that is not known of either cannot tell them apart. */
export function mayShare(one: GrantIdentity, other: GrantIdentity): boolean {
  const apart = (a: string | null, b: string | null): boolean => a !== null && b !== null && a !== b;
  return (
    one.clientId === other.clientId &&
    !apart(one.tokenHost, other.tokenHost) &&
    !apart(one.subject, other.subject)
  );
}

/**
 * @param reach what a call ends, see `revocationReachOf`: an unverified one is `unknown`, and as wide as any
 * @param others live and candidate grants of this deployment, of every user; not this one
 */
export function revocationDecision(
  reach: RevocationReach,
  own: GrantIdentity,
  others: readonly GrantIdentity[],
): 'revoke' | Extract<RevocationOutcome, 'skipped_shared_grant' | 'unsupported'> {
  if (reach === 'none') return 'unsupported';
  if (reach === 'token') return 'revoke';
  if (own.subject === null) return 'skipped_shared_grant';
  return others.some((other) => mayShare(own, other)) ? 'skipped_shared_grant' : 'revoke';
}

/** `again`: nothing is known to have happened, and a later try may do better. `code`: the provider's, or what broke. */
export interface RevocationFinding {
  readonly kind: 'revoked' | 'unsupported' | 'again';
  readonly code: string | null;
  readonly retryAfterMs: number | null;
}

/** Tokens that the provider does not know any more are what was wanted (RFC 7009, 2.2). */
const GONE = ['invalid_token', 'invalid_grant', 'token_revoked', 'token_expired'];
const NO_SUCH_CALL = [404, 405, 410, 501];

export function readRevocation(descriptor: Descriptor, answer: Answer, nowMs: number): RevocationFinding {
  if (answer.kind === 'failure') return { kind: 'again', code: answer.failure, retryAfterMs: null };
  const { status, headers, body } = answer;
  const parsed = parseBody(body, headers['content-type'] ?? null);
  const value: unknown = parsed.kind === 'json' ? parsed.value : null;
  const error: unknown = value !== null && typeof value === 'object' ? Reflect.get(value, 'error') : null;
  const code = typeof error === 'string' && /^[\w.-]{1,64}$/.test(error) ? error : null;
  const retryAfterMs = parseRetryAfterMs(headers['retry-after'], nowMs);
  if (code !== null && GONE.includes(code)) return { kind: 'revoked', code, retryAfterMs: null };
  if (code === 'unsupported_token_type' || NO_SUCH_CALL.includes(status))
    return { kind: 'unsupported', code: code ?? `http_${status}`, retryAfterMs: null };
  const check = descriptor.token_response_success_check;
  // A check for a token's presence is about tokens; the others say how this provider tells success.
  const saysMore = check !== null && !('present' in check) && value !== null;
  const refused = code !== null || (saysMore && !passesSuccessCheck(descriptor, value));
  if (status >= 200 && status < 300 && !refused) return { kind: 'revoked', code: null, retryAfterMs: null };
  return { kind: 'again', code: code ?? `http_${status}`, retryAfterMs };
}
