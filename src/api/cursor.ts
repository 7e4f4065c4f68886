/**
 * Cursors of lists: where the next page begins, bound to the list and its filters. A cursor that was altered, made up or
 * taken from another list is refused. It grants nothing: the position is looked up among what its bearer may see anyway.
 */

import { invalid } from '#contract/problem.ts';
import { fromBase64Url, toBase64Url } from '#crypto/encoding.ts';
import { equalSecrets, purposeDigest } from '#crypto/digest.ts';

/** Values of the sort key of the last item on a page. */
export type Position = readonly (string | number)[];
/** Everything that decides which items a list has: its filters and, where that limits it, the caller's organization. */
export type Filters = Readonly<Record<string, string | null | undefined>>;

const DIGEST_LENGTH = 22;

function digestOf(list: string, filters: Filters, position: string): string {
  const given = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return purposeDigest('list cursor v1', JSON.stringify([list, given, position])).slice(0, DIGEST_LENGTH);
}

/** The cursor after `position` of the list named `list`. */
export function encodeCursor(list: string, filters: Filters, position: Position): string {
  const text = JSON.stringify(position);
  return `${digestOf(list, filters, text)}${toBase64Url(new TextEncoder().encode(text))}`;
}

/** The position of a cursor, or null without one. @throws ProblemError 400 at `cursor` when it is not one of this list */
export function decodeCursor(list: string, filters: Filters, cursor: string | undefined): Position | null {
  if (cursor === undefined) return null;
  const bytes = fromBase64Url(cursor.slice(DIGEST_LENGTH));
  const text = bytes === null ? '' : new TextDecoder().decode(bytes);
  if (bytes === null || !equalSecrets(digestOf(list, filters, text), cursor.slice(0, DIGEST_LENGTH))) {
    throw invalid('cursor', 'is not a cursor of this list with these filters');
  }
  return JSON.parse(text) as Position;
}

/**
 * Cuts what was read for one page (one item more than `limit`) and makes the cursor of the next.
 *
 * @param positionOf the sort key of an item
 */
export function cutPage<T>(
  list: string,
  filters: Filters,
  limit: number,
  items: readonly T[],
  positionOf: (item: T) => Position,
): { data: readonly T[]; next_cursor: string | null } {
  const data = items.slice(0, limit);
  const last = data.at(-1);
  const more = items.length > limit && last !== undefined;
  return { data, next_cursor: more ? encodeCursor(list, filters, positionOf(last)) : null };
}
