/**
 * The keys with which the broker signs its own access tokens: drawn, opened, and signed with. ES256 alone (RFC 7518, 3.4).
 * The private half leaves this file as text once, to be encrypted; an opened one cannot be exported.
 */

import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';

export const SIGNING_ALGORITHM = 'ES256';
/** RFC 9068, 2.1. */
export const TOKEN_TYPE = 'at+jwt';

/** As it is published (RFC 7517). */
export interface PublicSigningKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: typeof SIGNING_ALGORITHM;
}

/** A key that nothing is stored of yet. `kid` is its thumbprint (RFC 7638). */
export interface DrawnSigningKey {
  readonly kid: string;
  readonly published: PublicSigningKey;
  /** The private key as JSON: secret. */
  readonly privateText: string;
}

export async function drawSigningKey(): Promise<DrawnSigningKey> {
  const pair = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const { x = '', y = '' } = jwk;
  const published = { kty: 'EC', crv: 'P-256', x, y, kid, use: 'sig', alg: SIGNING_ALGORITHM } as const;
  return { kid, published, privateText: JSON.stringify(jwk) };
}

function imported(jwk: JWK): Promise<CryptoKey> {
  return importJWK(jwk, SIGNING_ALGORITHM, { extractable: false }) as Promise<CryptoKey>;
}

/** The private key of a text that was decrypted. */
export function openPrivateKey(privateText: string): Promise<CryptoKey> {
  return imported(JSON.parse(privateText) as JWK);
}

export function openPublicKey(published: PublicSigningKey): Promise<CryptoKey> {
  return imported({ ...published });
}

/** A token of these claims, which are all that it says. */
export function signedToken(
  kid: string,
  key: CryptoKey,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: TOKEN_TYPE, kid }).sign(key);
}
