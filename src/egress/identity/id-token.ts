/**
 * Checks an id_token that came from a token endpoint: signature with the issuer's published keys where the metadata
 * names them, and issuer, audience, age and nonce always. It believes nothing that it could not check; whether one that
 * it could not check stops anything is not decided here.
 *
 * Sources: OpenID Connect Core 1.0 sections 3.1.3.7 and 2, RFC 8725.
 */

import {
  base64url,
  createLocalJWKSet,
  decodeJwt,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';
import { dateOf } from '#lib/clock.ts';
import { parseExactly } from '#lib/exact-json.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';
import type { GuardOptions } from '../guard/guard.ts';

const KEYS_LIMITS = { timeoutMs: 5_000, maxBytes: 256 * 1024 };
const KEYS_LIFE_MS = 600_000;
/** An unknown key id makes us look again, but not more often: it is the caller's text. */
const KEYS_AGAIN_MS = 60_000;
const SKEW_S = 60;
/** `none` and the symmetric ones are no proof of an issuer. */
const ALGORITHMS = [
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

export interface IdTokenChecks {
  readonly descriptor: Descriptor;
  readonly clientId: string;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly nowMs: number;
  readonly guard: GuardOptions;
}

/**
 * `unreadable`: opaque or encrypted. `signature`: not signed by a published key with an asymmetric algorithm. `claims`: for
 * another audience or by another issuer, or over. `nonce`: without the nonce that was sent, or with another.
 * `keys_unavailable`: the issuer's keys could not be read.
 */
export type IdTokenProblem = 'unreadable' | 'signature' | 'claims' | 'nonce' | 'keys_unavailable';

export type IdTokenChecked =
  | { readonly ok: true; readonly claims: JWTPayload }
  | { readonly ok: false; readonly problem: IdTokenProblem };

/** Never throws. */
export async function checkIdToken(text: string, checks: IdTokenChecks): Promise<IdTokenChecked> {
  const { server } = checks.descriptor;
  const read = readable(text);
  if (read === null) return { ok: false, problem: 'unreadable' };
  try {
    const claims =
      server === null || server.jwks_uri === null ? read : await verified(text, server.jwks_uri, checks);
    if (claims === 'keys_unavailable') return { ok: false, problem: 'keys_unavailable' };
    const problem = problemOf(claims, checks);
    return problem === null ? { ok: true, claims: exactClaims(text) } : { ok: false, problem };
  } catch (error) {
    const isOver = error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
    return { ok: false, problem: isOver ? 'claims' : 'signature' };
  }
}

/** The claims of a token that was checked, with numbers beyond 2^53 as they were written. @throws where it is none */
function exactClaims(text: string): JWTPayload {
  const payload = base64url.decode(text.split('.')[1] ?? '');
  return parseExactly(new TextDecoder().decode(payload)) as JWTPayload;
}

/** The claims, unchecked; null for what is no JWT in the clear. */
function readable(text: string): JWTPayload | null {
  try {
    return decodeJwt(text);
  } catch {
    return null;
  }
}

function problemOf(
  claims: JWTPayload,
  { descriptor, clientId, nonce, nowMs }: IdTokenChecks,
): 'claims' | 'nonce' | null {
  const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  const issuer = descriptor.server?.issuer ?? null;
  const isGood =
    (issuer === null || claims.iss === issuer) &&
    audience.includes(clientId) &&
    (audience.length === 1 || claims['azp'] === clientId) &&
    typeof claims.exp === 'number' &&
    claims.exp * 1000 > nowMs - SKEW_S * 1000;
  if (!isGood) return 'claims';
  return nonce === null || claims['nonce'] === nonce ? null : 'nonce';
}

interface HeldKeys {
  readonly keys: JSONWebKeySet;
  readonly atMs: number;
}

/** Per isolate; published keys are no secret. */
const held = new BoundedMap<string, HeldKeys>(100);

async function verified(
  text: string,
  jwksUri: string,
  checks: IdTokenChecks,
): Promise<JWTPayload | 'keys_unavailable'> {
  const { server } = checks.descriptor;
  const known = held.get(jwksUri);
  const fresh = known !== undefined && checks.nowMs - known.atMs < KEYS_LIFE_MS ? known : null;
  const present = fresh ?? (await fetchKeys(jwksUri, checks));
  if (present === null) return 'keys_unavailable';
  const listed = (server?.id_token_algs ?? []).filter((algorithm) => ALGORITHMS.includes(algorithm));
  const options = {
    algorithms: listed.length === 0 ? ALGORITHMS : listed,
    clockTolerance: SKEW_S,
    currentDate: dateOf(checks.nowMs),
  };
  try {
    return (await jwtVerify(text, createLocalJWKSet(present.keys), options)).payload;
  } catch (error) {
    const rotated = error instanceof errors.JWKSNoMatchingKey && checks.nowMs - present.atMs >= KEYS_AGAIN_MS;
    const renewed = rotated ? await fetchKeys(jwksUri, checks) : null;
    if (renewed === null) throw error;
    return (await jwtVerify(text, createLocalJWKSet(renewed.keys), options)).payload;
  }
}

async function fetchKeys(url: string, { guard, nowMs }: IdTokenChecks): Promise<HeldKeys | null> {
  const request = { url, method: 'GET', headers: { accept: 'application/json' }, body: null } as const;
  const answer = await guardedFetch(request, KEYS_LIMITS, guard);
  if (answer.kind === 'failure' || answer.status !== 200 || answer.truncated) return null;
  try {
    const keys = JSON.parse(answer.body) as JSONWebKeySet;
    if (!Array.isArray(keys.keys)) return null;
    const found = { keys, atMs: nowMs };
    held.set(url, found);
    return found;
  } catch {
    return null;
  }
}
