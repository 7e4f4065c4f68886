/**
 * Signatures of the deployment on what leaves it and comes back: cursors of lists, the ids of agent keys. Made with the
 * ring's current key, good for as long as the key that made them is in the ring. Nothing is stored for them.
 */

import { equalDigests } from './digest.ts';
import { lengthPrefixed, toBase62, toBase64Url, type Part } from './encoding.ts';
import type { Keyring, MasterKey } from './keyring.ts';

/** How the 32 bytes of a signature are written. */
export type SignatureForm = (bytes: Uint8Array) => string;

/** 43 characters. */
export const FULL: SignatureForm = toBase64Url;

const WORD_BYTES = 6;
const WORD_CHARACTERS = 5;

function word(bytes: Uint8Array, at: number): string {
  const own = bytes.subarray(at * WORD_BYTES, (at + 1) * WORD_BYTES);
  return toBase62(
    own.reduce((sum, byte) => sum * 256 + byte, 0),
    WORD_CHARACTERS,
  );
}

/** Ten characters of base62, 59 bits: where there is room for no more, and each guess is counted. */
export const SHORT: SignatureForm = (bytes) => word(bytes, 0) + word(bytes, 1);

async function sign(key: MasterKey, purpose: string, parts: readonly Part[]): Promise<Uint8Array> {
  const signed = await crypto.subtle.sign('HMAC', key.signing, lengthPrefixed(['signed', purpose, ...parts]));
  return new Uint8Array(signed);
}

/** Under the ring's current key, for one purpose. */
export async function signatureOf(
  ring: Keyring,
  purpose: string,
  parts: readonly Part[],
  form: SignatureForm = FULL,
): Promise<string> {
  return form(await sign(ring.current, purpose, parts));
}

/** Whether any key of the ring made this signature. */
export async function isSignature(
  ring: Keyring,
  purpose: string,
  parts: readonly Part[],
  signature: string,
  form: SignatureForm = FULL,
): Promise<boolean> {
  for (const key of ring.byKid.values())
    if (equalDigests(form(await sign(key, purpose, parts)), signature)) return true;
  return false;
}
