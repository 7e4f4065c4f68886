/** Synchronous hashing: inside a transaction nothing may be awaited, so chain, row MAC and fingerprint use `node:crypto`. */

import { createHash, createHmac, hash } from 'node:crypto';
import { lengthPrefixed, toBase32, type Part } from './encoding.ts';

/** SHA-256 of a secret of 256 random bits under a purpose, base64url. A slow hash would buy nothing at that entropy. */
export function purposeDigest(purpose: string, secret: string): string {
  return hash('sha256', lengthPrefixed(['valetkey', purpose, secret]), 'base64url');
}

/** SHA-256 of a request's content, part by part, base64url: two requests with the same digest send the same. */
export function contentDigest(parts: readonly string[], body: Uint8Array): string {
  const told = [...parts, hash('sha256', body, 'base64url')];
  return hash('sha256', lengthPrefixed(['valetkey', 'content v1', ...told]), 'base64url');
}

/** SHA-256 of a body, in hex, as signatures of requests name it. */
export function contentHash(body: Uint8Array): string {
  return hash('sha256', body, 'hex');
}

/** SHA-256 of a token as a proof of possession names it (`ath`, RFC 9449, 4.2). */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** Compares two texts through fixed-length digests, so that neither length nor content shows in the time taken. */
export function equalSecrets(left: string, right: string): boolean {
  return equalDigests(hash('sha256', left, 'base64url'), hash('sha256', right, 'base64url'));
}

/**
 * Compares two digests of the same kind without telling how far they agree. Over the characters, because this stands on
 * the way of every token and two buffers cost more than the rest of it.
 */
export function equalDigests(left: string, right: string): boolean {
  if (left.length !== right.length) return false;
  let differs = 0;
  for (let at = 0; at < left.length; at += 1) differs |= left.charCodeAt(at) ^ right.charCodeAt(at);
  return differs === 0;
}

/** 22 characters that match within one account and say nothing about the token. */
export function fingerprint(macKey: Uint8Array, token: string): string {
  return createHmac('sha256', macKey)
    .update(lengthPrefixed(['fingerprint', token]))
    .digest('base64url')
    .slice(0, 22);
}

/** SHA-256 of a public text as a source of a Content-Security-Policy (CSP level 3 §2.3.1): `'sha256-…'`, quotes and all. */
export function cspHash(text: string): string {
  return `'sha256-${hash('sha256', text, 'base64')}'`;
}

/** Authenticates the columns beside a ciphertext. `table` and the order of `parts` are part of the format. */
export function rowMac(macKey: Uint8Array, table: string, parts: readonly Part[]): string {
  return createHmac('sha256', macKey)
    .update(lengthPrefixed(['row', table, ...parts]))
    .digest('base64url');
}

/** Signs a link of an account: 43 characters under its own key, for one purpose. */
export function linkSignature(macKey: Uint8Array, purpose: string, parts: readonly Part[]): string {
  return createHmac('sha256', macKey)
    .update(lengthPrefixed(['link', purpose, ...parts]))
    .digest('base64url');
}

/** 22 base62 characters (110 bits) that only the holder of the key can make of these parts, for one purpose. */
export function linkName(macKey: Uint8Array, purpose: string, parts: readonly Part[]): string {
  return toBase32(
    createHmac('sha256', macKey)
      .update(lengthPrefixed(['name', purpose, ...parts]))
      .digest(),
    22,
  );
}

/** Stands in a record for a run of characters that might be a secret. */
export function maskedRun(macKey: Uint8Array, run: string): string {
  return `hmac:${createHmac('sha256', macKey)
    .update(lengthPrefixed(['mask', run]))
    .digest('base64url')
    .slice(0, 16)}`;
}

/** The hash of the record before the first one of a chain. */
export const CHAIN_START = '0'.repeat(43);

/** One link: SHA-256 over the previous hash and the record's stored text. */
export function chainHash(previous: string, body: string): string {
  return hash('sha256', `${previous.length}:${previous}${body.length}:${body}`, 'base64url');
}

/**
 * The id of the account of a triple, and the name of its object: two callers that mean the same account meet without
 * a lookup, two organizations never meet. The letter after `ca_` is the jurisdiction, `g` for none.
 */
export function accountId(organization: string, connection: string, identifier: string): string {
  const hash = createHash('sha256')
    .update(lengthPrefixed([organization, connection, identifier]))
    .digest();
  return `ca_g${toBase32(hash, 26)}`;
}
