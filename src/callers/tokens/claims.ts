/**
 * What an access token of the broker says, and whether it may prove anybody at this time. Pure: the signature is looked at
 * elsewhere, and the agent's own record decides whether it still holds.
 *
 * Sources: RFC 9068, RFC 7519, RFC 8725.
 */

import type { AuthRecord } from '#agents/record.ts';
import { SIGNING_ALGORITHM, TOKEN_TYPE } from '#crypto/signing/token-key.ts';
import { isConfirmation, type Confirmation } from '../binding/confirmation.ts';
import { timesOf, type TokenProblem, type WorkloadToken } from '../workload/token.ts';

/** The longest that a token lives, in seconds. */
export const MAX_TOKEN_S = 900;
const SKEW_MS = 60_000;

/** The claims beside those that every token has: a claim that is not here is refused, for it may restrict. */
export interface TokenClaims {
  readonly iss: string;
  /** Origin of the broker. */
  readonly aud: string;
  /** The agent's id. */
  readonly sub: string;
  readonly client_id: string;
  readonly jti: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  readonly exp: number;
  /** Which life of the agent's id it was made for. */
  readonly agent_incarnation: number;
  /** The key that asked for it, with which it ends. */
  readonly key_id?: string;
  /** To what it is bound; left out: whoever has it may use it. */
  readonly cnf?: Confirmation;
}

const KNOWN: ReadonlySet<string> = new Set<keyof TokenClaims>([
  'iss',
  'aud',
  'sub',
  'client_id',
  'jti',
  'iat',
  'exp',
  'agent_incarnation',
  'key_id',
  'cnf',
]);

/** `iss` of the broker's tokens, from the origin under which it is reached (RFC 8414 has its metadata by that). */
export function issuerOf(origin: string): string {
  return `${origin}/oauth`;
}

/** What its head says. `jku`, `x5u`, `jwk` and `x5c` are not looked at: the key is one of ours, or none. */
export function tokenHeadProblem({ header }: WorkloadToken): TokenProblem | null {
  if (header['alg'] !== SIGNING_ALGORITHM) return 'token_algorithm';
  if (header['typ'] !== TOKEN_TYPE) return 'token_type';
  return 'crit' in header || 'b64' in header ? 'token_critical' : null;
}

/** The claims of a token whose signature is ours; null where they are not those that this version understands. */
export function claimsOf({ claims }: WorkloadToken): TokenClaims | null {
  const { sub, client_id, jti, iat, exp, agent_incarnation, key_id, cnf } = claims;
  const isWhole =
    typeof jti === 'string' &&
    client_id === sub &&
    Number.isSafeInteger(iat) &&
    Number.isSafeInteger(exp) &&
    Number.isSafeInteger(agent_incarnation) &&
    (key_id === undefined || typeof key_id === 'string') &&
    (cnf === undefined || isConfirmation(cnf)) &&
    Object.keys(claims).every((name) => KNOWN.has(name));
  return isWhole ? (claims as unknown as TokenClaims) : null;
}

/** Whether it is of this time. A minute of difference between clocks is none. */
export function tokenTimeProblem(token: WorkloadToken, nowMs: number): TokenProblem | null {
  const { issuedAtMs, expiresAtMs } = timesOf(token);
  if (issuedAtMs === null || expiresAtMs === null || expiresAtMs + SKEW_MS <= nowMs) return 'token_expired';
  if (expiresAtMs - issuedAtMs > MAX_TOKEN_S * 1000) return 'token_lives_too_long';
  return issuedAtMs > nowMs + SKEW_MS ? 'token_not_yet_valid' : null;
}

/** Whether the agent's record ends a token: another life, its key, an end of this token or of all until its time. */
export function isEnded(
  { incarnation, keys, endedTokens }: AuthRecord,
  { agent_incarnation, key_id, jti, iat }: TokenClaims,
  nowMs: number,
): boolean {
  if (incarnation !== agent_incarnation) return true;
  if (key_id !== undefined) {
    const key = keys.find(({ id }) => id === key_id);
    if (key === undefined || (key.expiresAtMs != null && key.expiresAtMs <= nowMs)) return true;
  }
  if (endedTokens === undefined) return false;
  const { ended, endedBeforeMs } = endedTokens;
  return (
    ended.some(({ id }) => id === jti) || (endedBeforeMs !== null && iat <= Math.floor(endedBeforeMs / 1000))
  );
}
