/**
 * Whether a text of an answer holds a credential: plain, escaped as in JSON, percent-encoded, in hex, or in base64, whatever
 * stands before and after it. Pure. It reads what it is given and nothing else: compression is undone by its caller.
 */

import { hasEscapes, writtenAt } from './written.ts';

/** A shorter text is no credential, and would be found in every second answer. */
const SHORTEST = 8;

const UTF_8 = new TextDecoder();

/** Compares against each of these texts, in every encoding. */
export function echoOf(secrets: readonly string[]): (bytes: Uint8Array) => boolean {
  const needles = needlesIn(secrets);
  if (needles.length === 0) return () => false;
  return (bytes) => {
    const readings = [...readingsOf(UTF_8.decode(bytes))];
    return (
      readings.some((reading) => needles.some((needle) => reading.includes(needle))) ||
      isWritten(UTF_8.decode(bytes), needles)
    );
  };
}

/** Escapes may begin anywhere: a character before them makes others of them only to a reader of the whole text. */
function isWritten(text: string, needles: readonly string[]): boolean {
  if (!hasEscapes(text)) return false;
  for (let at = 0; at < text.length; at += 1)
    if (needles.some((needle) => writtenAt(text, at, needle, true) === 'whole')) return true;
  return false;
}

/** The texts that the search compares with: each secret that is long enough, as it is and as encodings that no escape undoes spell it. */
export function needlesIn(secrets: readonly string[]): string[] {
  return [...new Set(secrets.filter((text) => text.length >= SHORTEST).flatMap(needlesOf))];
}

/** What the text says to a reader that undoes one of the escapes, or one within the other. */
function readingsOf(text: string): Set<string> {
  const unescaped = unescapedJson(text);
  const decoded = percentDecoded(text);
  return new Set([text, unescaped, decoded, percentDecoded(unescaped), unescapedJson(decoded)]);
}

/** The text itself, as a form spells its spaces, in hex, and in base64. */
function needlesOf(secret: string): string[] {
  const hex = Buffer.from(secret, 'utf8').toString('hex');
  return [secret, secret.replaceAll(' ', '+'), hex, hex.toUpperCase(), ...base64Of(secret)];
}

/**
 * The characters that the text alone decides, for each of the three places that it can begin at within a group of three
 * bytes, in both alphabets.
 */
function base64Of(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  return [0, 1, 2].flatMap((offset) => {
    const shifted = new Uint8Array(offset + bytes.length);
    shifted.set(bytes, offset);
    const encoded = btoa(Array.from(shifted, (byte) => String.fromCharCode(byte)).join(''));
    // Six bits a character: the first ones hold bits of what stands before, the last one of what stands behind.
    const own = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor((shifted.length * 8) / 6));
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Undoes the escapes of JSON anywhere in a text; RFC 8259, section 7. */
function unescapedJson(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, char: string) =>
    code === undefined ? (SHORT_ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** Undoes percent-encoding anywhere in a text; RFC 3986, section 2.1. */
function percentDecoded(text: string): string {
  return text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => {
    const bytes = Array.from(run.matchAll(/%(..)/g), ([, hex = '']) => Number.parseInt(hex, 16));
    return UTF_8.decode(new Uint8Array(bytes));
  });
}
