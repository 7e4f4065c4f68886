/**
 * A proof of possession as the header `DPoP` carries it: what it says of itself, and whether it may prove that the
 * sender of this request has its key at this time. Pure but for the signature.
 *
 * Sources: RFC 9449 sections 4 and 7, RFC 7638, RFC 8725.
 */

import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from 'jose';
import { tokenHash } from '#crypto/digest.ts';
import { isJwt, partsOf } from '../workload/token.ts';

/** The keys of each algorithm: the platform imports one that says another curve. */
const KEYS: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
  PS256: { kty: 'RSA' },
  RS256: { kty: 'RSA' },
};

/** Asymmetric ones alone (RFC 9449, 4.2). */
export const DPOP_ALGORITHMS: readonly string[] = Object.keys(KEYS);
const DPOP_TYPE = 'dpop+jwt';

const SKEW_MS = 60_000;
/** Beyond its time: the clock of the object that remembers it is another one. */
const REMEMBERED_LONGER_MS = 30_000;
const MAX_PROOF = 8_192;
const MAX_JTI = 256;
/** Base64url of an RSA modulus of 4096 bits. Longer ones cost whoever verifies. */
const MAX_MODULUS = 683;

/** Why a proof proves nothing. */
export type DpopProblem =
  | 'proof_missing'
  | 'proof_unreadable'
  | 'proof_algorithm'
  | 'proof_type'
  | 'proof_critical'
  | 'proof_key'
  | 'proof_request'
  | 'proof_time'
  | 'proof_token'
  | 'proof_signature';

/** Said to the sender: whoever sends a proof has to find out what is wrong with it. */
export const DPOP_HELP: Readonly<Record<DpopProblem, string>> = {
  proof_missing: 'the header DPoP is missing',
  proof_unreadable: 'the header DPoP must hold one JWT with a `jti`',
  proof_algorithm: `\`alg\` must be one of ${DPOP_ALGORITHMS.join(', ')}`,
  proof_type: `\`typ\` must be ${DPOP_TYPE}`,
  proof_critical: 'a header that must be understood is not',
  proof_key: '`jwk` must be the public key, alone, and one that fits `alg`',
  proof_request: '`htm` and `htu` must be the method and the address of this request, without its query',
  proof_time: '`iat` must be the present time, within a minute, and `nbf` and `exp`, where they stand, hold',
  proof_token: '`ath` must be the SHA-256 digest of the token, in base64url',
  proof_signature: 'the signature is not that of `jwk`',
};

/** The request that a proof has to be for. */
export interface ProvenRequest {
  readonly method: string;
  /** As its sender sees it, with the query. */
  readonly url: string;
  /** That it carries; null at the token endpoint, where there is none yet. */
  readonly token: string | null;
}

/** A proof that fits its request: of which key, and what of it is used up. */
export interface GoodProof {
  /** Thumbprint of the key, SHA-256 in base64url. */
  readonly jkt: string;
  /** With the key it makes the proof one of its kind. */
  readonly jti: string;
  /** Until when its `jti` has to be remembered. */
  readonly rememberedUntilMs: number;
}

/** Members of a public key that make it (RFC 7638, 3.2): `kid`, `alg` and the like may stand beside them. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  RSA: ['n', 'e'],
};
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The public key of an algorithm, and nothing beside it; null where `jwk` is none. */
function publicKey(jwk: unknown, alg: string): JWK | null {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) return null;
  const given = jwk as Readonly<Record<string, unknown>>;
  const { kty, crv } = KEYS[alg] ?? {};
  const members = MEMBERS[kty ?? ''];
  if (
    members === undefined ||
    given['kty'] !== kty ||
    given['crv'] !== crv ||
    PRIVATE.some((name) => name in given)
  )
    return null;
  const key: Record<string, unknown> = { kty };
  for (const name of members) {
    const value = given[name];
    if (typeof value !== 'string' || value.length > MAX_MODULUS) return null;
    key[name] = value;
  }
  // The one exponent in use; a large one makes each verification dear.
  return kty === 'RSA' && given['e'] !== 'AQAB' ? null : key;
}

/** Letters, digits and the like stand as themselves, other encodings in capitals (RFC 3986, 6.2.2). */
function canonicalPath(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const sign = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(sign) ? sign : encoded.toUpperCase();
  });
}

/** Scheme, host and path; null for an address that is none, or says more than these. */
function canonicalTarget(htu: unknown): string | null {
  if (typeof htu !== 'string' || /[?#\s\\]/.test(htu) || !URL.canParse(htu)) return null;
  const { protocol, host, pathname, username, password } = new URL(htu);
  if (username !== '' || password !== '' || !/^https?:$/.test(protocol)) return null;
  return `${protocol}//${host}${canonicalPath(pathname)}`;
}

/** The address of a request as a proof has to name it. */
export function targetOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${canonicalPath(pathname)}`;
}

/** Whether it is of this time by `nbf` and `exp`, which it need not have (RFC 7519, 4.1). */
function isWithinTimes(
  { nbf = -Infinity, exp = Infinity }: Readonly<Record<string, unknown>>,
  nowMs: number,
): boolean {
  if (typeof nbf !== 'number' || typeof exp !== 'number') return false;
  return nbf * 1000 <= nowMs + SKEW_MS && exp * 1000 + SKEW_MS > nowMs;
}

interface ReadProof {
  readonly alg: string;
  readonly jwk: JWK;
  readonly jti: string;
  readonly iatMs: number;
}

/** What a proof says, where it is one for this request and of this time; its signature is not looked at. */
export function readProof(
  text: string | null,
  { method, url, token }: ProvenRequest,
  nowMs: number,
): ReadProof | DpopProblem {
  if (text === null || text === '') return 'proof_missing';
  const parts = text.length <= MAX_PROOF && isJwt(text) ? partsOf(text) : null;
  if (parts === null) return 'proof_unreadable';
  const { header, claims } = parts;
  const { alg, typ } = header;
  if (typeof alg !== 'string' || !Object.hasOwn(KEYS, alg)) return 'proof_algorithm';
  if (typ !== DPOP_TYPE) return 'proof_type';
  if ('crit' in header || 'b64' in header) return 'proof_critical';
  const jwk = publicKey(header['jwk'], alg);
  if (jwk === null) return 'proof_key';
  const { jti, htm, htu, iat, ath } = claims;
  if (typeof jti !== 'string' || jti.length < 1 || jti.length > MAX_JTI) return 'proof_unreadable';
  if (htm !== method || canonicalTarget(htu) !== targetOf(url)) return 'proof_request';
  if (typeof iat !== 'number' || !(Math.abs(iat * 1000 - nowMs) <= SKEW_MS)) return 'proof_time';
  if (!isWithinTimes(claims, nowMs)) return 'proof_time';
  if (token !== null && ath !== tokenHash(token)) return 'proof_token';
  return { alg, jwk, jti, iatMs: iat * 1000 };
}

/** The same, signed by its own key. */
export async function checkProof(
  text: string | null,
  request: ProvenRequest,
  nowMs: number,
): Promise<GoodProof | DpopProblem> {
  const read = readProof(text, request, nowMs);
  if (typeof read === 'string') return read;
  const { alg, jwk, jti, iatMs } = read;
  let key: Awaited<ReturnType<typeof importJWK>>;
  try {
    key = await importJWK(jwk, alg);
  } catch {
    return 'proof_key';
  }
  try {
    await compactVerify(text ?? '', key, { algorithms: [alg] });
  } catch {
    return 'proof_signature';
  }
  const rememberedUntilMs = iatMs + SKEW_MS + REMEMBERED_LONGER_MS;
  return { jkt: await calculateJwkThumbprint(jwk), jti, rememberedUntilMs };
}
