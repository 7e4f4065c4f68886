/**
 * How long a token lives, from what the answer and the facts say. Pure arithmetic that ends in a positive whole number
 * of milliseconds or in null for "never expires"; it refuses to pass on NaN, zero, a negative or an absurd value.
 */

import { parseInstant } from './instant.ts';

/** What RFC 6749 leaves open ("the authorization server SHOULD provide the expiration time via other means"). */
const DEFAULT_LIFETIME_MS = 3_600_000;
/** A value that cannot be meant is not trusted for long, and not so briefly that it makes a pump of refreshes. */
const SUSPECT_LIFETIME_MS = 300_000;
/** Ten years: longer than any documented token, far below the range where dates overflow. */
const ABSURD_LIFETIME_MS = 315_360_000_000;

/** The facts of a descriptor that speak about the access token's life. */
export interface LifetimeFacts {
  readonly access_token_ttl_s: number | null;
  readonly access_token_never_expires: boolean | 'when_no_expires_in' | null;
  readonly expires_in_zero: 'never' | null;
}

/** What an operator knows of a token's life (`access_token_ttl_s` of an account or connection); null: nothing was set. */
export type SetLifetimeS = number | null;

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** Seconds as number or decimal text; NaN for everything else, so that one comparison refuses it. */
function secondsOf(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^\s*\d{1,20}(\.\d{1,20})?\s*$/.test(value)) return Number(value);
  return Number.NaN;
}

const saneMs = (ms: number): number | null =>
  Number.isFinite(ms) && ms >= 1000 && ms <= ABSURD_LIFETIME_MS ? Math.floor(ms) : null;

/**
 * The life of an access token that an answer gave, in milliseconds; null when it never expires.
 *
 * `expires_in` first (number or text), then an absolute `expires_at`; zero means never only where the facts say so;
 * zero, negative, longer than ten years or not a number means five minutes. Where the answer says nothing: what an
 * operator has set; else never, where the facts say so or nothing could renew the token, which is then served until
 * the API refuses it; else the facts' default, else one hour. A lifetime that was set and a JWT's own `exp` win where
 * they are earlier than what the answer says.
 *
 * @param answer.renewable whether a refresh token came along or is stored
 * @param nowMs when the request was sent: `exp` and `expires_at` are turned into a life from there.
 */
export function accessLifetimeMs(
  facts: LifetimeFacts,
  answer: {
    readonly accessToken: string;
    readonly expiresIn: unknown;
    readonly expiresAt: unknown;
    readonly renewable: boolean;
  },
  nowMs: number,
  setS: SetLifetimeS = null,
): number | null {
  const setMs = setS === null ? null : saneMs(setS * 1000);
  const statedMs = statedLifetimeMs(facts, answer.expiresIn, answer.expiresAt, nowMs);
  const livesMs =
    statedMs === undefined
      ? (setMs ?? assumedLifetimeMs(facts, answer.renewable))
      : earlierMs(statedMs, setMs);
  const expMs = jwtExpiryMs(answer.accessToken);
  if (expMs === null) return livesMs;
  return earlierMs(livesMs, saneMs(expMs - nowMs) ?? (expMs <= nowMs + 1000 ? SUSPECT_LIFETIME_MS : null));
}

/** Of two lives the shorter; null: for ever. */
function earlierMs(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

/** Undefined: the answer says nothing. */
function statedLifetimeMs(
  facts: LifetimeFacts,
  expiresIn: unknown,
  expiresAt: unknown,
  nowMs: number,
): number | null | undefined {
  if (!isAbsent(expiresIn)) {
    const seconds = secondsOf(expiresIn);
    if (seconds === 0 && facts.expires_in_zero === 'never') return null;
    return saneMs(seconds * 1000) ?? SUSPECT_LIFETIME_MS;
  }
  if (isAbsent(expiresAt)) return undefined;
  const atMs = parseInstant(expiresAt);
  return (atMs === null ? null : saneMs(atMs - nowMs)) ?? SUSPECT_LIFETIME_MS;
}

/**
 * The life of a token of which nobody has said how long it lives; null: until the API refuses it. A guess that is too
 * short costs a refresh where there is one, and the account where there is none.
 */
export function assumedLifetimeMs(facts: LifetimeFacts, renewable: boolean): number | null {
  const never = facts.access_token_never_expires;
  if (never === true || never === 'when_no_expires_in' || !renewable) return null;
  return (
    (facts.access_token_ttl_s === null ? null : saneMs(facts.access_token_ttl_s * 1000)) ??
    DEFAULT_LIFETIME_MS
  );
}

/** The life of a refresh token as the answer states it (seconds), or null where it says nothing that makes sense. */
export function refreshLifetimeMs(expiresIn: unknown): number | null {
  return saneMs(secondsOf(expiresIn) * 1000);
}

/**
 * The `exp` claim of a token that happens to be a JWT, in epoch milliseconds, or null.
 *
 * Nothing is verified: the token came from the provider itself over TLS, and the claim can only shorten its life here.
 */
export function jwtExpiryMs(token: string): number | null {
  const parts = token.split('.');
  if (parts.length !== 3 || claimsOf(parts[0]) === null) return null;
  const exp = claimsOf(parts[1])?.['exp'];
  if (typeof exp !== 'number' || !Number.isFinite(exp) || exp <= 0) return null;
  return exp * 1000;
}

function claimsOf(part: string | undefined): Record<string, unknown> | null {
  if (part === undefined || !/^[A-Za-z0-9_-]+={0,2}$/.test(part)) return null;
  try {
    // Bytes above 0x7f stay as they are in this binary string: no claim that is read here holds any.
    const value: unknown = JSON.parse(
      atob(part.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')),
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
