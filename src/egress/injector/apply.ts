/**
 * Puts a credential into a request: its headers and URL parameters take the place of any that bear the same name, and
 * everything else stays byte for byte. Pure. It refuses a request that goes anywhere but where the credential belongs.
 */

import type { Injection } from '#providers/injection/injection.ts';

/** What of a request a credential can change. */
export interface Addressed {
  /** Absolute, without userinfo and fragment. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws Error for a request to another origin: a bug of ours, whose text names neither URL nor credential */
export function applied<R extends Addressed>(
  request: R,
  { headers, query }: Pick<Injection, 'headers' | 'query'>,
  origins: readonly string[],
): R {
  if (!belongsTo(request.url, origins))
    throw new Error('internal: a credential was to go where it does not belong');
  const url = withQuery(request.url, query);
  return { ...request, url, headers: { ...without(request.headers, headers), ...headers } };
}

function belongsTo(url: string, origins: readonly string[]): boolean {
  if (!URL.canParse(url) || url.includes('#')) return false;
  const { origin, username, password } = new URL(url);
  return username === '' && password === '' && origins.includes(origin);
}

/** Capital letters make no other header. */
function without(given: Addressed['headers'], taken: Injection['headers']): Record<string, string> {
  const names = new Set(Object.keys(taken).map((name) => name.toLowerCase()));
  return Object.fromEntries(Object.entries(given).filter(([name]) => !names.has(name.toLowerCase())));
}

function withQuery(url: string, query: Injection['query']): string {
  const own = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return own.length === 0 ? url : withPairs(url, [...keptPairs(url, query), ...own]);
}

/** The URL without every parameter that the credential brings. */
export function withoutQuery(url: string, query: Injection['query']): string {
  return Object.keys(query).length === 0 ? url : withPairs(url, keptPairs(url, query));
}

function withPairs(url: string, pairs: readonly string[]): string {
  const at = url.indexOf('?');
  const front = at < 0 ? url : url.slice(0, at);
  return pairs.length === 0 ? front : `${front}?${pairs.join('&')}`;
}

function keptPairs(url: string, query: Injection['query']): string[] {
  const at = url.indexOf('?');
  const given = at < 0 || at === url.length - 1 ? [] : url.slice(at + 1).split('&');
  // As the API would read it: an encoded or capital letter makes no other name.
  const names = new Set(Object.keys(query).map((name) => name.toLowerCase()));
  return given.filter((pair) => !names.has(nameOf(pair).toLowerCase()));
}

function nameOf(pair: string): string {
  return new URLSearchParams(pair).keys().next().value ?? '';
}
