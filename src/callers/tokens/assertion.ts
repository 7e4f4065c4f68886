/**
 * What a client's assertion says of itself (`private_key_jwt`), and whether it may prove that client at this time. Pure.
 *
 * Sources: RFC 7523 section 3, OpenID Connect Core 1.0 section 9, RFC 8725; the audience is our issuer alone, as
 * draft-ietf-oauth-rfc7523bis asks.
 */

import {
  ALGORITHMS,
  timeProblem,
  timesOf,
  type TokenProblem,
  type WorkloadToken,
} from '../workload/token.ts';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const MAX_LIFE_MS = 60_000;
const MAX_JTI = 256;
const TYPES: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt'];

export type AssertionProblem = TokenProblem | 'token_replayed';

/** @param clientId that it has to be of; @param issuer ours, which it has to be for */
export function assertionProblem(
  token: WorkloadToken,
  { clientId, issuer }: { readonly clientId: string; readonly issuer: string },
  nowMs: number,
): AssertionProblem | null {
  const { header, claims } = token;
  const { alg, typ } = header;
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) return 'token_algorithm';
  if (!TYPES.includes(typ)) return 'token_type';
  if ('crit' in header || 'b64' in header) return 'token_critical';
  const { iss, sub, aud, jti } = claims;
  if (iss !== clientId || sub !== clientId || aud !== issuer) return 'token_not_trusted';
  if (typeof jti !== 'string' || jti.length < 1 || jti.length > MAX_JTI) return 'token_not_trusted';
  const { issuedAtMs, expiresAtMs } = timesOf(token);
  if (issuedAtMs !== null && expiresAtMs !== null && expiresAtMs - issuedAtMs > MAX_LIFE_MS)
    return 'token_lives_too_long';
  return timeProblem(token, nowMs, MAX_LIFE_MS);
}

/** Until when its `jti` has to be remembered: as long as it would be taken, by the clock of an isolate that is behind. */
export function takenUntilMs(token: WorkloadToken): number {
  return (timesOf(token).expiresAtMs ?? 0) + 60_000 + 30_000;
}
