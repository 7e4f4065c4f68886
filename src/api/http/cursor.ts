/**
 * Cursors of lists: where the next page begins, bound to the list and its filters by a signature of the deployment. A
 * cursor that was altered, made up or taken from another list is refused, so what comes back is a position that this
 * list has given out. It grants nothing: the position is looked up among what its bearer may see anyway.
 */

import { invalid, ProblemError } from '#contract/problem.ts';
import { fromBase64Url, toBase64Url } from '#crypto/encoding.ts';
import type { Keyring } from '#crypto/keyring.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { FULL, isSignature, signatureOf } from '#crypto/signature.ts';
import type { Config } from '#env.ts';

/** Values of the sort key of the last item on a page. */
export type Position = readonly (string | number)[];
/** Everything that decides which items a list has: its filters and, where that limits it, the caller's organization. */
export type Filters = Readonly<Record<string, string | null | undefined>>;

type Signer = Pick<Config, 'masterKeys'>;

const PURPOSE = 'list cursor v2';
const SIGNATURE_LENGTH = FULL(new Uint8Array(32)).length;
const LOCKED_RETRY_S = 30;

function signed(list: string, filters: Filters, position: string): readonly string[] {
  const given = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [list, JSON.stringify(given), position];
}

/** @throws ProblemError `vault_locked` where there is no ring to sign with */
async function ringFor({ masterKeys }: Signer): Promise<Keyring> {
  const ring = await ringOf(masterKeys);
  if (!ring.ok)
    throw new ProblemError('vault_locked', { detail: ring.error.detail, retryAfterS: LOCKED_RETRY_S });
  return ring.value;
}

/** The cursor after `position` of the list named `list`. @throws ProblemError `vault_locked` */
export async function encodeCursor(
  config: Signer,
  list: string,
  filters: Filters,
  position: Position,
): Promise<string> {
  const text = JSON.stringify(position);
  const signature = await signatureOf(await ringFor(config), PURPOSE, signed(list, filters, text));
  return `${signature}${toBase64Url(new TextEncoder().encode(text))}`;
}

/**
 * The position of a cursor, or null without one.
 * @throws ProblemError 400 at `cursor` when it is not one of this list, `vault_locked`
 */
export async function decodeCursor(
  config: Signer,
  list: string,
  filters: Filters,
  cursor: string | undefined,
): Promise<Position | null> {
  if (cursor === undefined) return null;
  const bytes = fromBase64Url(cursor.slice(SIGNATURE_LENGTH));
  const text = bytes === null ? '' : new TextDecoder().decode(bytes);
  const parts = signed(list, filters, text);
  const signature = cursor.slice(0, SIGNATURE_LENGTH);
  if (bytes === null || !(await isSignature(await ringFor(config), PURPOSE, parts, signature)))
    throw invalid('cursor', 'is not a cursor of this list with these filters');
  return JSON.parse(text) as Position;
}

/** The position of a list that is newest first, see `decodeCursor`. */
export async function newestFirstAfter(
  config: Signer,
  list: string,
  filters: Filters,
  cursor: string | undefined,
): Promise<{ readonly createdAtMs: number; readonly id: string } | null> {
  const position = await decodeCursor(config, list, filters, cursor);
  return position === null ? null : { createdAtMs: Number(position[0]), id: String(position[1]) };
}

/**
 * Cuts what was read for one page (one item more than `limit`) and makes the cursor of the next.
 *
 * @param positionOf the sort key of an item
 * @throws ProblemError `vault_locked` where more follows and no ring signs the cursor
 */
export async function cutPage<T>(
  config: Signer,
  list: string,
  filters: Filters,
  limit: number,
  items: readonly T[],
  positionOf: (item: T) => Position,
): Promise<{ data: readonly T[]; next_cursor: string | null }> {
  const data = items.slice(0, limit);
  const last = data.at(-1);
  const more = items.length > limit && last !== undefined;
  return { data, next_cursor: more ? await encodeCursor(config, list, filters, positionOf(last)) : null };
}
