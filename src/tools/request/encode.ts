/** How values become parts of a URL: every character that a URL reads as its own is percent-encoded. Pure. */

/** RFC 3986: unreserved characters alone stay. @throws URIError for half of a surrogate pair */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A value that stands in a path or a query; null: it has no text there. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** Names such as `$select` stay as they are. */
const PLAIN_NAME = /^[\w$.~-]+$/;

export function pairOf(name: string, value: string): string {
  return `${PLAIN_NAME.test(name) ? name : percentEncoded(name)}=${percentEncoded(value)}`;
}
