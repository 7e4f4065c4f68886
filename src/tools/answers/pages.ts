/**
 * Pages, one way over all providers: where the next one begins, and how a request asks for it. Pure. A place is what the
 * provider gave out; a caller gets it signed, so that it cannot lead a tool to another path.
 */

import type { BuiltRequest } from '../request/build.ts';
import type { Pagination, Tool } from '../tool.ts';
import { firstOf, isObject, valuesOf } from './pointer.ts';

/** `param`: a value of the tool's parameter. `url`: path and query behind the base URL. */
export type PagePlace =
  | { readonly kind: 'param'; readonly value: string | number }
  | { readonly kind: 'url'; readonly path: string; readonly query: string };

/** `lost`: the provider says that there is more, and not where. */
export type Next = PagePlace | null | 'lost';

/**
 * Where the page behind this one begins; null: this is the last.
 *
 * @param root the whole answer @param items of its result
 * @param link its header `Link`, the URLs behind the base URL @param below a URL as a path behind the base URL
 */
export function nextPlace(
  tool: Pick<Tool, 'pagination' | 'result' | 'errors'>,
  root: unknown,
  items: readonly unknown[],
  link: string | null,
  below: (url: string) => string | null,
): Next {
  const { pagination } = tool;
  if (pagination === undefined) return null;
  const holder = holderOf(tool, root);
  if (isLast(pagination, holder)) return null;
  const found = placeIn(pagination, holder, items, link, below);
  // An answer that says outright that there is more has to say where.
  return found === null && saysMore(pagination, holder) ? 'lost' : found;
}

/** The part of the answer that the pagination's paths begin at: of GraphQL the list's own. */
function holderOf({ result, errors }: Pick<Tool, 'result' | 'errors'>, root: unknown): unknown {
  if (errors?.graphql !== true) return root;
  const data = isObject(root) ? root['data'] : undefined;
  const at = (result ?? '').split('.').slice(0, -1).join('.');
  return at === '' ? data : valuesOf(data, at)[0];
}

function isLast({ more }: Pagination, holder: unknown): boolean {
  if (more === undefined) return false;
  const isDone = more.startsWith('!');
  const value = firstOf(holder, isDone ? more.slice(1) : more);
  return value === isDone;
}

function saysMore({ more }: Pagination, holder: unknown): boolean {
  if (more === undefined) return false;
  const isDone = more.startsWith('!');
  return firstOf(holder, isDone ? more.slice(1) : more) === !isDone;
}

function placeIn(
  { kind, from = '' }: Pagination,
  holder: unknown,
  items: readonly unknown[],
  link: string | null,
  below: (url: string) => string | null,
): Next {
  switch (kind) {
    case 'cursor':
    case 'last_id':
      return paramPlace(firstOf(holder, from));
    case 'page': {
      const facts = firstOf(holder, from);
      const [page, pages] = isObject(facts) ? [facts['page'], facts['pages'] ?? facts['page_count']] : [];
      return typeof page === 'number' && typeof pages === 'number' && page < pages
        ? { kind: 'param', value: page + 1 }
        : null;
    }
    case 'offset': {
      const numbers = from.split('+').map((path) => firstOf(holder, path.trim()));
      if (items.length === 0 || !numbers.every((one) => typeof one === 'number')) return null;
      return { kind: 'param', value: numbers.reduce((sum, one) => sum + one, 0) };
    }
    case 'link_header':
      return urlPlace(nextLink(link));
    case 'url': {
      const url = firstOf(holder, from);
      if (typeof url !== 'string' || url === '') return null;
      const path = below(url);
      return path === null ? 'lost' : urlPlace(path);
    }
  }
}

function paramPlace(value: unknown): PagePlace | null {
  if (typeof value === 'number') return { kind: 'param', value };
  return typeof value === 'string' && value !== '' ? { kind: 'param', value } : null;
}

/** RFC 8288. */
function nextLink(link: string | null): string | null {
  for (const [, url = '', parameters = ''] of (link ?? '').matchAll(/<([^>]*)>((?:[^,"]|"[^"]*")*)/g))
    if (/;\s*rel="?(?:[^"]*\s)?next(?:\s[^"]*)?"?(?:\s*;|\s*$)/i.test(parameters)) return url;
  return null;
}

function urlPlace(url: string | null): PagePlace | null {
  if (url === null) return null;
  const at = url.indexOf('?');
  return at < 0
    ? { kind: 'url', path: url, query: '' }
    : { kind: 'url', path: url.slice(0, at), query: url.slice(at) };
}

/** The parameters of the page at this place. A place of the kind `url` is put into the built request. */
export function parametersAt(
  { pagination, where }: Pick<Tool, 'pagination' | 'where'>,
  parameters: Readonly<Record<string, unknown>>,
  place: PagePlace | null,
  size: number | null,
): Record<string, unknown> {
  const { param, size: sizeParameter } = pagination ?? {};
  const wanted: Record<string, unknown> = { ...parameters };
  if (place?.kind === 'param' && param !== undefined && where[param] !== undefined)
    wanted[param] = place.value;
  if (size !== null && sizeParameter !== undefined && wanted[sizeParameter] === undefined)
    wanted[sizeParameter] = size;
  return wanted;
}

/**
 * The request for the page at this place; null: the place leads out of the tool's own path. A provider continues a list
 * at its own path, or at one segment below it.
 */
export function requestAt(request: BuiltRequest, place: PagePlace | null): BuiltRequest | null {
  if (place?.kind !== 'url') return request;
  const { path, query } = place;
  const isOwn = path === request.path || path === '';
  const rest = path.startsWith(`${request.path}/`) ? path.slice(request.path.length + 1) : '';
  if (!isOwn && !/^[\w.~%-]+$/.test(rest)) return null;
  return { ...request, path: path === '' ? request.path : path, query };
}

/** A place in a signed cursor, with how many items of its page were answered already. */
export function placeToCursor(place: PagePlace | null, skip: number): (string | number)[] {
  if (place === null) return ['first', skip];
  return place.kind === 'param' ? ['param', skip, place.value] : ['url', skip, place.path, place.query];
}

export function placeFromCursor([kind, skip, first, second]: readonly (string | number)[]): {
  readonly place: PagePlace | null;
  readonly skip: number;
} {
  const skipped = Number(skip ?? 0);
  if (kind === 'param') return { place: { kind: 'param', value: first ?? '' }, skip: skipped };
  if (kind === 'url')
    return { place: { kind: 'url', path: String(first), query: String(second ?? '') }, skip: skipped };
  return { place: null, skip: skipped };
}

/** Only for its spelling: a size that a schema has bounds for is cut to them. */
export function sizeWithin(schema: Readonly<Record<string, unknown>> | undefined, size: number): number {
  const most = typeof schema?.['maximum'] === 'number' ? schema['maximum'] : size;
  const least = typeof schema?.['minimum'] === 'number' ? schema['minimum'] : 1;
  return Math.max(least, Math.min(most, size));
}
