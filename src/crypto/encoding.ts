/** Byte encodings and the length-prefixed form that everything hashed or authenticated is put in. No keys here. */

import { Buffer } from 'node:buffer';

export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Null when the text is not canonical base64url: a second spelling of the same bytes is refused. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const bytes = new Uint8Array(Buffer.from(text, 'base64url'));
  return toBase64Url(bytes) === text ? bytes : null;
}

/** Standard base64 with or without padding, as key generators print it; null when it is not. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return null;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

export type Part = string | number | null;

/**
 * Each part as type byte, 4-byte length and UTF-8 bytes, so that no two lists of parts meet in one byte string.
 * A null, the text "null" and an absent part differ.
 */
export function lengthPrefixed(parts: readonly Part[]): Buffer {
  const texts = parts.map((part) => (part === null ? '' : String(part)));
  const lengths = texts.map((text) => Buffer.byteLength(text, 'utf8'));
  const out = Buffer.alloc(lengths.reduce((sum, length) => sum + length + 5, 0));
  let at = 0;
  parts.forEach((part, index) => {
    const length = lengths[index] ?? 0;
    out.writeUInt8(part === null ? 0 : typeof part === 'number' ? 1 : 2, at);
    out.writeUInt32BE(length, at + 1);
    out.write(texts[index] ?? '', at + 5, 'utf8');
    at += length + 5;
  });
  return out;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648 alphabet in lower case, cut to `length` characters; the bytes must hold at least that many. */
export function toBase32(bytes: Uint8Array, length: number): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5 && out.length < length) {
      bits -= 5;
      out += BASE32[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return out;
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A non-negative integer below 62^width in base62, padded with zeros. */
export function toBase62(value: number, width: number): string {
  let out = '';
  for (let rest = value; out.length < width; rest = Math.floor(rest / 62))
    out = BASE62.charAt(rest % 62) + out;
  return out;
}

/** `length` characters, each drawn uniformly: bytes of 248 and more are thrown away so that 62 divides what is left. */
export function randomBase62(length: number): string {
  let out = '';
  while (out.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length + 16))) {
      if (byte < 248 && out.length < length) out += BASE62.charAt(byte % 62);
    }
  }
  return out;
}

/** Bytes one after the other. A single piece is answered as it is, not copied. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const some = pieces.filter(({ byteLength }) => byteLength > 0);
  if (some.length <= 1) return some[0] ?? new Uint8Array(0);
  const all = new Uint8Array(some.reduce((size, { byteLength }) => size + byteLength, 0));
  let at = 0;
  for (const piece of some) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
