/**
 * The ring of master keys: parsed once per isolate, held as non-extractable WebCrypto keys.
 * A ring that cannot be used is a value (`vault_locked`), never an exception: the broker then answers 503 and writes nothing.
 */

import { createHmac } from 'node:crypto';
import { err, ok, type Result } from '#lib/result.ts';
import { fromBase64 } from './encoding.ts';

/** One master key. `check` tells a wrong key before anything is opened with it; it says nothing about the key. */
export interface MasterKey {
  readonly kid: string;
  readonly check: string;
  readonly key: CryptoKey;
  /** HMAC-SHA-256, derived from the key; see `signature.ts`. */
  readonly signing: CryptoKey;
}

export interface Keyring {
  readonly current: MasterKey;
  readonly byKid: ReadonlyMap<string, MasterKey>;
}

/** Why no data can be opened, in words that name what to do and no part of any key. */
export interface VaultLocked {
  readonly code: 'vault_locked';
  readonly detail: string;
}

export function vaultLocked(detail: string): VaultLocked {
  return { code: 'vault_locked', detail };
}

const KID = /^[A-Za-z0-9_-]{1,16}$/;
const MAKE_ONE = `make one with: node -e "console.log('k1:'+crypto.randomBytes(32).toString('base64'))"`;

/** Truncated HMAC under the key itself: equal for equal keys, useless for finding one of 256 random bits. */
function checkValue(raw: Uint8Array): string {
  return createHmac('sha256', raw).update('valetkey key check v1').digest('base64url').slice(0, 16);
}

/** Not extractable either: what it signs leaves the deployment, so it is not the key that opens data. */
function signingKey(raw: Uint8Array): Promise<CryptoKey> {
  const derived = createHmac('sha256', raw).update('valetkey signing key v1').digest();
  return crypto.subtle.importKey('raw', derived, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

/**
 * Reads `MASTER_KEYS`: a comma-separated ring of `kid:base64` of 32 bytes, the first is current.
 * Refused: nothing, a malformed or repeated kid, a wrong length, a key of one repeated byte.
 */
export async function openKeyring(text: string | null): Promise<Result<Keyring, VaultLocked>> {
  if (!text) return err(vaultLocked(`MASTER_KEYS is not set: ${MAKE_ONE}`));
  const byKid = new Map<string, MasterKey>();
  let current: MasterKey | null = null;
  for (const item of text.split(',')) {
    const colon = item.indexOf(':');
    const kid = item.slice(0, colon).trim();
    if (colon < 1 || !KID.test(kid))
      return err(vaultLocked(`MASTER_KEYS needs items of kid:base64; ${MAKE_ONE}`));
    const raw = fromBase64(item.slice(colon + 1).trim());
    if (raw === null || raw.length !== 32) {
      return err(vaultLocked(`the master key "${kid}" is not 32 bytes in base64; ${MAKE_ONE}`));
    }
    if (raw.every((byte) => byte === raw[0])) {
      return err(vaultLocked(`the master key "${kid}" is not random; ${MAKE_ONE}`));
    }
    if (byKid.has(kid)) return err(vaultLocked(`the master key id "${kid}" stands twice in MASTER_KEYS`));
    const check = checkValue(raw);
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
    const signing = await signingKey(raw);
    raw.fill(0);
    const entry: MasterKey = { kid, check, key, signing };
    byKid.set(kid, entry);
    current ??= entry;
  }
  return current === null ? err(vaultLocked(MAKE_ONE)) : ok({ current, byKid });
}

/**
 * What the directory remembers of the keys that data was encrypted with, against this ring.
 * A ring that shares a kid but not the key, or shares nothing, would write data that the rightful ring cannot read.
 */
export function checkRing(
  ring: Keyring,
  known: readonly { kid: string; check: string }[],
): VaultLocked | null {
  if (known.length === 0) return null;
  let shared = false;
  for (const { kid, check } of known) {
    const mine = ring.byKid.get(kid);
    if (mine === undefined) continue;
    if (mine.check !== check) {
      return vaultLocked(
        `the master key "${kid}" is not the one that this data was encrypted with: put the right key back`,
      );
    }
    shared = true;
  }
  if (shared) return null;
  const names = known.map((entry) => entry.kid).join(', ');
  return vaultLocked(
    `MASTER_KEYS holds none of the keys that this data was encrypted with (${names}): put them back`,
  );
}
