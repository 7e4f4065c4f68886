/**
 * What a workload's token says of itself, and whether it may prove anybody at this time. Pure: who has signed it is
 * asked elsewhere, and nothing that stands here is believed before.
 *
 * Sources: RFC 7519, RFC 8725, OpenID Connect Core 1.0 section 2.
 */

/** `none` and the symmetric ones are no proof of an issuer. */
export const ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const SKEW_MS = 60_000;
const MAX_LIFE_MS = 24 * 3_600_000;
/** In characters, of every signed token, also in a form and of Access. */
const MAX_TOKEN = 16_384;
const MAX_TEXT = 2_048;
const MAX_SUBJECT = 512;

/** Three parts of base64url: what a JSON Web Signature looks like. */
const FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

export function isJwt(text: string): boolean {
  return text.length <= MAX_TOKEN && FORM.test(text);
}

export interface WorkloadToken {
  readonly header: Readonly<Record<string, unknown>>;
  /** That it names; null: none. */
  readonly kid: string | null;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Null where it does not name an issuer, a subject and one audience, each as a text that can be trusted anywhere. */
export function readToken(text: string): WorkloadToken | null {
  const parts = partsOf(text);
  if (parts === null) return null;
  const { header, claims } = parts;
  const { iss, sub, aud } = claims;
  // A list of exactly one is the same as that one (RFC 7519, 4.1.3).
  const audience: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (!isText(iss, MAX_TEXT) || !isText(sub, MAX_SUBJECT) || !isText(audience, MAX_TEXT)) return null;
  const { kid } = header;
  return {
    header,
    kid: typeof kid === 'string' ? kid : null,
    issuer: iss,
    subject: sub,
    audience,
    claims,
  };
}

/** Head and claims of a text in the form of a token, believed by nobody; null where they are no objects. */
export function partsOf(text: string): Pick<WorkloadToken, 'header' | 'claims'> | null {
  const [head = '', body = ''] = text.split('.');
  const header = decoded(head);
  const claims = decoded(body);
  return header === null || claims === null ? null : { header, claims };
}

function decoded(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (sign) =>
      sign.charCodeAt(0),
    );
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Printable, as operators write it. */
function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most && /^[\x21-\x7e]+$/.test(value);
}

/** Why a token proves nobody. The record of it says so; the caller is told one text for all of them. */
export type TokenProblem =
  | 'token_algorithm'
  | 'token_type'
  | 'token_critical'
  | 'token_signature'
  | 'token_key_unknown'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_lives_too_long'
  | 'token_ended'
  | 'token_not_trusted';

/** What its head says: an algorithm that proves an issuer, no other kind of token, and nothing that must be understood. */
export function headProblem({ header }: WorkloadToken): TokenProblem | null {
  const { alg, typ } = header;
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) return 'token_algorithm';
  if (typ !== undefined && typ !== 'JWT') return 'token_type';
  return 'crit' in header || 'b64' in header ? 'token_critical' : null;
}

/** When it ends, and when it was issued; null where it does not say so. In milliseconds. */
export interface TokenTimes {
  readonly expiresAtMs: number | null;
  readonly issuedAtMs: number | null;
}

export function timesOf({ claims }: WorkloadToken): TokenTimes {
  return { expiresAtMs: millis(claims['exp']), issuedAtMs: millis(claims['iat']) };
}

function millis(seconds: unknown): number | null {
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : null;
}

/** Whether it is of this time: with an end, not over, not for longer than `maxLifeMs` (a day), and from no later hour. */
export function timeProblem(
  token: WorkloadToken,
  nowMs: number,
  maxLifeMs = MAX_LIFE_MS,
): TokenProblem | null {
  const { claims } = token;
  const { expiresAtMs, issuedAtMs } = timesOf(token);
  const notBeforeMs = millis(claims['nbf']);
  const isUnreadable = (name: string, value: number | null) => claims[name] !== undefined && value === null;
  if (expiresAtMs === null || isUnreadable('iat', issuedAtMs) || isUnreadable('nbf', notBeforeMs))
    return 'token_expired';
  if (expiresAtMs + SKEW_MS <= nowMs) return 'token_expired';
  if (expiresAtMs > nowMs + maxLifeMs + SKEW_MS) return 'token_lives_too_long';
  if (issuedAtMs !== null && issuedAtMs + maxLifeMs + SKEW_MS < nowMs) return 'token_lives_too_long';
  const startsAtMs = Math.max(notBeforeMs ?? -Infinity, issuedAtMs ?? -Infinity);
  return startsAtMs > nowMs + SKEW_MS ? 'token_not_yet_valid' : null;
}
