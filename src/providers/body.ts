/**
 * What a token endpoint's body is: a JSON object, a form, a page, some text, nothing, or the beginning of something.
 * It refuses to trust the content type alone (providers send JSON as text/html and pages as application/json), and it
 * never throws, however deep or broken the body is.
 */

/** A parsed body. `truncated` is JSON that began and does not parse: cut on the way, or never right. */
export type ParsedBody =
  | { readonly kind: 'json'; readonly value: Record<string, unknown> | unknown[] }
  | { readonly kind: 'form'; readonly value: Record<string, string> }
  | { readonly kind: 'html' | 'text' | 'empty' | 'truncated' };

/** The exchange reads 64 KiB at most; a text longer than that did not come from it. */
const MAX_CHARACTERS = 262_144;

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
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null)
      return { kind: 'json', value: value as Record<string, unknown> };
  } catch {
    // Syntax, or nesting that a parser gives up on: both mean that there is nothing to be read here.
  }
  return { kind: 'truncated' };
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
