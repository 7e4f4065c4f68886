/**
 * What a token endpoint's body is: a JSON object, a form, a page, some text, nothing, or the beginning of something.
 * It refuses to trust the content type alone (providers send JSON as text/html and pages as application/json), and it
 * never throws, however deep or broken the body is.
 */

import { parseExactly } from '#lib/exact-json.ts';

/** A parsed body. `truncated` is JSON that began and does not parse: cut on the way, or never right. */
export type ParsedBody =
  | { readonly kind: 'json'; readonly value: Record<string, unknown> | unknown[] }
  | { readonly kind: 'form'; readonly value: Record<string, string> }
  | { readonly kind: 'html' | 'text' | 'empty' | 'truncated' };

/** The exchange reads 1 MiB at most; a text longer than that did not come from it. */
const MAX_CHARACTERS = 1024 * 1024;
/** No token stands deeper. */
const MAX_DEPTH = 32;

/**
 * Parses a body by what it holds.
 *
 * - JSON counts when it is an object or an array: a bare `"invalid_grant"` or `1020` is some proxy's text.
 * - A form (the default answer of a few providers) counts when it carries `access_token` or `error`.
 *
 * @param contentType the header's value or null; only tells a page from other text.
 */
export function parseBody(text: string, contentType: string | null): ParsedBody {
  const body = text.replace(/^\uFEFF/, '').trim();
  if (body === '') return { kind: 'empty' };
  if (body.length > MAX_CHARACTERS) return { kind: 'truncated' };
  if (body.startsWith('{') || body.startsWith('[')) return parseJson(body);
  if (body.startsWith('<') || /\b(?:html|xml)\b/i.test(contentType ?? '')) return { kind: 'html' };
  return parseForm(body) ?? { kind: 'text' };
}

function parseJson(body: string): ParsedBody {
  try {
    const value: unknown = parseExactly(body);
    if (typeof value === 'object' && value !== null)
      return { kind: 'json', value: value as Record<string, unknown> };
  } catch {
    // Syntax, or nesting that a parser gives up on: both mean that there is nothing to be read here.
  }
  return { kind: 'truncated' };
}

/**
 * What of a JSON object that was cut off, or goes on after its end, can be read for certain: the members that are there
 * whole. A text counts with its closing quote, a number only with what follows it. Null: nothing.
 */
export function wholeMembers(text: string): Record<string, unknown> | null {
  const body = text.replace(/^\uFEFF/, '').trimStart();
  if (!body.startsWith('{') || body.length > MAX_CHARACTERS) return null;
  const closers: string[] = [];
  let quoted = false;
  let named = true;
  /** The end of what is whole, and what closes it. */
  let whole: { end: number; closers: string } | null = null;
  const upTo = (end: number) => ({ end, closers: closers.toReversed().join('') });
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at];
    if (quoted) {
      if (character === '\\') at += 1;
      else if (character === '"') {
        quoted = false;
        if (!named) whole = upTo(at + 1);
      }
      continue;
    }
    if (character === '"') quoted = true;
    else if (character === ':') named = false;
    else if (character === '{' || character === '[') {
      closers.push(character === '{' ? '}' : ']');
      named = character === '{';
      if (closers.length > MAX_DEPTH) break;
    } else if (character === '}' || character === ']') {
      if (closers.pop() !== character) break;
      whole = upTo(at + 1);
      if (closers.length === 0) break;
    } else if (character === ',') {
      whole = upTo(at);
      named = closers.at(-1) === '}';
    }
  }
  const parsed = whole === null ? null : parseJson(body.slice(0, whole.end) + whole.closers);
  return parsed?.kind === 'json' && !Array.isArray(parsed.value) ? parsed.value : null;
}

function parseForm(body: string): ParsedBody | null {
  if (!/^[\w.~%+*!'()-]+=/.test(body) || /[\s<>{}"]/.test(body)) return null;
  const value: Record<string, string> = {};
  for (const [name, field] of new URLSearchParams(body)) {
    // The first wins: a second `access_token` that is appended to an answer changes nothing.
    if (!Object.hasOwn(value, name) && name !== '__proto__') value[name] = field;
  }
  const telling = Object.hasOwn(value, 'access_token') || Object.hasOwn(value, 'error');
  return telling ? { kind: 'form', value } : null;
}

/** Keys whose presence says what kind of answer a body is; any other key may be content and is only counted. */
const KNOWN_KEYS = [
  'access_token',
  'refresh_token',
  'token_type',
  'expires_in',
  'expires_at',
  'scope',
  'id_token',
  'error',
  'error_description',
  'message',
  'status',
  'code',
  'ok',
  'success',
  'data',
];

const typeName = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

/** The shape of a body for an audit record: kind, size, types of well-known keys, the number of others. No content. */
export function shapeOf(body: ParsedBody, characters: number): string[] {
  const shape = [`kind:${body.kind}`, `characters:${characters}`];
  if (body.kind !== 'json' && body.kind !== 'form') return shape;
  const { value } = body;
  if (Array.isArray(value)) return [...shape, 'top:array'];
  const keys = Object.keys(value);
  const known = KNOWN_KEYS.filter((key) => Object.hasOwn(value, key));
  return [
    ...shape,
    ...known.map((key) => `${key}:${typeName(value[key])}`),
    `other_keys:${keys.length - known.length}`,
  ];
}
