/** Proofs of possession (RFC 9449) as a test makes them: right ones by `jose`, and whatever it puts over them. */

import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

export interface HeldKey {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly privateJwk: JWK;
  readonly jkt: string;
}

export async function heldKey(alg = 'ES256', more: object = {}): Promise<HeldKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...more });
  const jwk = await exportJWK(publicKey);
  return {
    alg,
    privateKey,
    jwk,
    privateJwk: await exportJWK(privateKey),
    jkt: await calculateJwkThumbprint(jwk),
  };
}

export interface ProofOf {
  readonly method: string;
  readonly url: string;
  /** The token that the request carries; left out: none. */
  readonly token?: string;
}

export function keyProof(
  key: HeldKey,
  { method, url, token }: ProofOf,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url');
  return new SignJWT({
    jti: crypto.randomUUID(),
    htm: method,
    htu: url.split('?')[0],
    iat: Math.floor(Date.now() / 1000),
    ath,
    ...claims,
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header } as never)
    .sign(key.privateKey);
}
