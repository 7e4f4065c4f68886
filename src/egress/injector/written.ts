/**
 * Whether a needle is written at a place of a text, plain or in escapes, each read from that place on: what stands before
 * it cannot make an escape of it another one. Pure.
 */

/** The character that is written at a place, and where the next one begins; null: the text ends within it. */
type Reader = (text: string, at: number) => readonly [char: string, next: number] | null;

const plain: Reader = (text, at) => (at < text.length ? [text.charAt(at), at + 1] : null);

/** RFC 3986, section 2.1. Any other character stands for itself. */
const percent =
  (under: Reader): Reader =>
  (text, at) => {
    const first = under(text, at);
    if (first?.[0] !== '%') return first;
    const high = under(text, first[1]);
    const low = high === null ? null : under(text, high[1]);
    if (high === null || low === null) return null;
    const code = `${high[0]}${low[0]}`;
    return /^[0-9a-f]{2}$/i.test(code) ? [String.fromCharCode(Number.parseInt(code, 16)), low[1]] : first;
  };

const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** RFC 8259, section 7. */
const json =
  (under: Reader): Reader =>
  (text, at) => {
    const first = under(text, at);
    if (first?.[0] !== '\\') return first;
    const kind = under(text, first[1]);
    if (kind === null) return null;
    if (kind[0] !== 'u') return [SHORT_ESCAPES[kind[0]] ?? kind[0], kind[1]];
    let code = '';
    let next = kind[1];
    for (let digit = 0; digit < 4; digit += 1) {
      const read = under(text, next);
      if (read === null) return null;
      code += read[0];
      next = read[1];
    }
    return /^[0-9a-f]{4}$/i.test(code) ? [String.fromCharCode(Number.parseInt(code, 16)), next] : first;
  };

const ESCAPED: readonly Reader[] = [json(plain), percent(plain), percent(json(plain)), json(percent(plain))];

/** `begun`: the text ends before the needle does, and agrees with it until there. */
export type Written = 'whole' | 'begun' | 'no';

/** Is a text with escapes worth reading? One without them reads in one way. */
export function hasEscapes(text: string): boolean {
  return /[%\\]/.test(text);
}

/** @param isEscaped read as escapes too */
export function writtenAt(text: string, at: number, needle: string, isEscaped: boolean): Written {
  const first = text.charAt(at);
  if (first !== '%' && first !== '\\' && !needle.startsWith(first)) return 'no';
  let found = readAs(text, at, needle, plain);
  if (!isEscaped) return found;
  for (const next of ESCAPED) {
    if (found === 'whole') return found;
    const read = readAs(text, at, needle, next);
    if (read !== 'no') found = read;
  }
  return found;
}

function readAs(text: string, from: number, needle: string, next: Reader): Written {
  let at = from;
  for (const char of needle) {
    const read = next(text, at);
    if (read === null) return 'begun';
    if (read[0] !== char) return 'no';
    at = read[1];
  }
  return 'whole';
}
