/**
 * Turns a descriptor's `token_header` template into the headers that an API wants.
 * It refuses everything that could become a second header or a second value: such a credential yields null, not an
 * error, and the caller treats it as one that cannot be used. Nothing is logged, nothing is thrown.
 *
 * Template: `Header: value`, several separated by `; `; `{name}` is filled in, `base64(…)` encoded after filling in.
 * Source: RFC 9110 section 5.5 (field values), RFC 7617 (Basic, UTF-8).
 */

/** Headers that belong to the message and not to the credential; a template that names one is not accepted. */
const FOREIGN = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'expect',
]);
/** Beside them, what names the caller, another host or another method: no list lets a caller set these. */
const NEVER_LISTED =
  /^(?:authorization|dpop|cookie|origin|referer|forwarded|via|accept-encoding|(?:proxy|sec|cf|x-valetkey|x-forwarded)-.*|x-(?:real-ip|host|original-.*|rewrite-url|http-method.*|method-override|restli-method))$/;
const MAX_HEADERS = 10;
const NAME = /\{([A-Za-z_][A-Za-z0-9_.]*)\}/g;
const MAX_VALUE = 16_384;
// eslint-disable-next-line no-control-regex -- what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

/** May an API's list name this header, so that callers set it? @param name in lower case */
export function isListable(name: string): boolean {
  return /^[a-z0-9-]{1,64}$/.test(name) && !FOREIGN.has(name) && !NEVER_LISTED.test(name);
}

/**
 * Whether a descriptor's list of header names has this one.
 *
 * @param name in lower case @param listed whole names, or the beginning of several with a `*` behind it
 */
export function isListedHeader(name: string, listed: readonly string[]): boolean {
  return listed.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

/** Names and value patterns of a template, or null where it is not one. */
export function parseTokenHeader(template: string): { name: string; pattern: string }[] | null {
  const headers: { name: string; pattern: string }[] = [];
  for (const part of template.split(/; +(?=[A-Za-z0-9-]+: )/)) {
    const match = /^([A-Za-z0-9-]{1,64}): +([\x21-\x7e][\x20-\x7e]*)$/.exec(part);
    const name = match?.[1] ?? '';
    if (name === '' || FOREIGN.has(name.toLowerCase())) return null;
    if (headers.some((header) => header.name.toLowerCase() === name.toLowerCase())) return null;
    headers.push({ name, pattern: match?.[2] ?? '' });
  }
  return headers.length > 0 && headers.length <= MAX_HEADERS ? headers : null;
}

/**
 * The headers for a credential.
 *
 * @param template the descriptor's `token_header`; null: the API takes no header, so `{}`.
 * @param values the credential's fields (`access_token`, `api_key`, …) and captured values by their paths.
 * @returns null where a value is missing, empty, not printable or would break out of its place.
 */
export function credentialHeaders(
  template: string | null,
  values: Readonly<Record<string, string>>,
): Record<string, string> | null {
  if (template === null) return {};
  const parsed = parseTokenHeader(template);
  if (parsed === null) return null;
  const headers: Record<string, string> = {};
  for (const { name, pattern } of parsed) {
    const value = fillValue(pattern, values);
    if (value === null) return null;
    headers[name] = value;
  }
  return headers;
}

/** The names in a template that have no value, each once. */
export function namesWithout(
  template: string | null,
  values: Readonly<Record<string, string>>,
): readonly string[] {
  const names = [...(template ?? '').matchAll(NAME)].map((match) => match[1] ?? '');
  return [...new Set(names)].filter((name) => !Object.hasOwn(values, name));
}

function fillValue(pattern: string, values: Readonly<Record<string, string>>): string | null {
  const encoded = /^(.*?)base64\((.*)\)(.*)$/.exec(pattern);
  if (encoded === null) return fillTemplate(pattern, values, isHeaderText);
  const inner = fillTemplate(encoded[2] ?? '', values, isPlainText);
  if (inner === null) return null;
  const value = `${encoded[1] ?? ''}${toBase64(inner)}${encoded[3] ?? ''}`;
  return value.length <= MAX_VALUE * 2 ? value : null;
}

/** One pass: a value that itself holds `{name}` is not looked at again. Null where a value is missing or refused. */
export function fillTemplate(
  pattern: string,
  values: Readonly<Record<string, string>>,
  accepts: (value: string, quoted: boolean) => boolean,
): string | null {
  let refused = false;
  const text = pattern.replace(NAME, (_, name: string, offset: number) => {
    const value: unknown = Object.hasOwn(values, name) ? values[name] : undefined;
    if (
      typeof value !== 'string' ||
      value.length > MAX_VALUE ||
      !accepts(value, pattern[offset - 1] === '"')
    ) {
      refused = true;
      return '';
    }
    return value;
  });
  return refused ? null : text;
}

/** Visible ASCII with inner spaces; inside quotes nothing that ends them. */
const isHeaderText = (value: string, quoted: boolean): boolean =>
  /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !(quoted && /["\\]/.test(value));

/** Any text without control characters (RFC 7617); an empty password is one. */
export const isPlainText = (value: string): boolean => !CONTROL.test(value) && value.isWellFormed();

function toBase64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
