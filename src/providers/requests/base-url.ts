/** Which of an account's base URLs a path is meant for, and how the two are put together. Pure. */

export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

/** The path of a base URL; empty where it is an origin alone. */
export const ownPathOf = (baseUrl: string): string => withoutSlash(new URL(baseUrl).pathname);

/** SDKs send a path that begins with the base's own: it is not doubled. */
export function beginsWithBase(path: string, baseUrl: string): boolean {
  const own = ownPathOf(baseUrl);
  return own !== '' && (path === own || path.startsWith(`${own}/`));
}

/**
 * The base URL that a request names; undefined: it is none of the account's. An origin alone, which a client that knows
 * whole URLs names, is the base of that origin under which the path lies.
 *
 * @param bases without a slash behind them
 */
export function namedBase(named: string, path: string, bases: readonly string[]): string | undefined {
  const wanted = withoutSlash(named);
  const exact = bases.find((base) => base === wanted);
  if (exact !== undefined) return exact;
  const under = bases.filter((base) => new URL(base).origin === wanted && beginsWithBase(path, base));
  return under.toSorted((a, b) => b.length - a.length)[0];
}

/**
 * Where a request names no base URL: the first, or the one beside it on the same origin with whose own path the path
 * begins.
 *
 * @param bases without a slash behind them
 */
export function baseByPath(path: string, bases: readonly string[]): string | undefined {
  const [first] = bases;
  if (first === undefined) return undefined;
  const { origin } = new URL(first);
  return bases.find((base) => new URL(base).origin === origin && beginsWithBase(path, base)) ?? first;
}
