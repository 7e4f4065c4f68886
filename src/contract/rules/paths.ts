/**
 * Paths of a provider's API, as a request carries them and as a rule names them: canonical, or refused. Nothing is
 * repaired, because what a rule has seen must be byte for byte what leaves. Pure.
 */

const MAX_PATH_CHARS = 2048;

/** What a URL's path may hold (RFC 3986, section 3.3): everything else is percent-encoded there. */
const PATH_CHARACTERS = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/;
/** `.` and `..` in any spelling, also with parameters behind them: some servers cut those off before they resolve. */
const DOT_SEGMENT = /^(?:\.|%2e){1,2}(?:(?:;|%3b).*)?$/i;
const CONTROL = /%(?:[01][0-9a-f]|7f)/i;
const BACKSLASH = /%5c/i;
const ENCODED_TWICE = /%25[0-9a-f]{2}/i;
const SLASH = /%2f/i;

/** Why no canonical path is spelled so; null: one may be. */
export function pathProblem(path: string): string | null {
  if (path.length > MAX_PATH_CHARS) return `must have at most ${MAX_PATH_CHARS} characters`;
  if (!path.startsWith('/')) return 'must begin with /';
  if (!PATH_CHARACTERS.test(path))
    return 'must be a path as URLs have it: without ?, # and \\, and everything beyond ASCII percent-encoded';
  if (CONTROL.test(path) || BACKSLASH.test(path))
    return 'must not have control characters and backslashes, encoded or not';
  if (ENCODED_TWICE.test(path)) return 'must not be percent-encoded twice';
  const segments = segmentsOf(path);
  // Also of what a server may read as two.
  if (segments.flatMap((segment) => segment.split(SLASH)).some((segment) => DOT_SEGMENT.test(segment)))
    return 'must not have the segments . and ..';
  // The last one is empty behind a slash at the end.
  if (segments.slice(0, -1).includes('')) return 'must not have two slashes in a row';
  return null;
}

/** What stands between the slashes; the last one is empty where the path ends with a slash. */
export function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}

/** Does a server perhaps read the segment as two? A wildcard does not stand for such a one. */
export function hidesSlash(segment: string): boolean {
  return SLASH.test(segment);
}
