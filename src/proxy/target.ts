/**
 * Where a proxied call goes. Pure. The path behind `/proxy` is canonical or refused, never repaired: a rule has seen it
 * byte for byte as it leaves. The target is one of the account's base URLs and that path, on an origin that no path can
 * change.
 */

import { err, ok, type Result } from '#lib/result.ts';
import { pathProblem } from '#contract/rules/paths.ts';
import {
  baseByPath,
  beginsWithBase,
  namedBase,
  ownPathOf,
  withoutSlash,
} from '#providers/requests/base-url.ts';

/** What a request names behind `/proxy`. */
export interface Asked {
  /** As the rules see it: `/` where the request names none. */
  readonly path: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
}

export interface Problem {
  /** The parameter or header that is wrong. */
  readonly path: string;
  readonly message: string;
}

/** @param rest of the request's URL, behind `/proxy` */
export function askedOf(rest: string): Result<Asked, Problem> {
  if (rest.includes('#')) return err({ path: 'path', message: 'must have no fragment' });
  const at = rest.indexOf('?');
  const given = at < 0 ? rest : rest.slice(0, at);
  const path = given === '' ? '/' : given;
  const query = at < 0 ? '' : rest.slice(at);
  const problem = pathProblem(path);
  return problem === null ? ok({ path, query }) : err({ path: 'path', message: problem });
}

export interface Target {
  readonly url: string;
  /** Without a slash behind it. */
  readonly baseUrl: string;
  /** The path begins with the base's own: so the caller writes them, and so links to it are written. */
  readonly isDoubled: boolean;
}

/**
 * The URL of the call. A path that begins with the base's own path, as SDKs send it, is not doubled.
 *
 * @param baseUrls of the account, filled in; where none is `named` the first is meant, or the one beside it on the same
 *   origin with whose own path the path begins
 */
export function targetOf(
  { path, query }: Asked,
  baseUrls: readonly string[],
  named: string | null,
): Result<Target, Problem> {
  const bases = baseUrls.map(withoutSlash);
  const baseUrl = named === null ? baseByPath(path, bases) : namedBase(named, path, bases);
  if (baseUrl === undefined)
    return err({
      path: 'X-Valetkey-Base-Url',
      message: `must be one of: ${bases.join(', ')}; or the origin of one under which the path lies`,
    });
  const { origin } = new URL(baseUrl);
  const own = ownPathOf(baseUrl);
  const isDoubled = beginsWithBase(path, baseUrl);
  // A base's own slash before an empty path: `/v1` and not `/v1/`, unless the request has it.
  const rest = path === '/' && own !== '' ? '' : path;
  const url = `${origin}${isDoubled ? path : `${own}${rest}`}${query}`;
  // A URL that reads back as another one would leave as another than the rules have seen.
  if (new URL(url).href !== url) return err({ path: 'path', message: 'must be spelled as URLs have it' });
  return ok({ url, baseUrl, isDoubled });
}

/**
 * A URL of an answer as the caller may follow it: through the proxy again, its path written as the caller wrote the
 * first one, so that the same rules know it. Null: it leads elsewhere.
 *
 * @param from the call that was answered
 * @param proxyUrl what stands for its base at the caller's side
 */
export function throughProxy(url: string, from: Target, proxyUrl: string): string | null {
  if (!URL.canParse(url, from.url)) return null;
  const target = new URL(url, from.url);
  const base = new URL(from.baseUrl);
  const own = withoutSlash(base.pathname);
  if (target.origin !== base.origin || target.username !== '' || target.password !== '') return null;
  if (target.pathname !== own && !target.pathname.startsWith(`${own}/`)) return null;
  const path = from.isDoubled ? target.pathname : target.pathname.slice(own.length);
  if (pathProblem(path === '' ? '/' : path) !== null) return null;
  return `${proxyUrl}${path}${target.search}${target.hash}`;
}
