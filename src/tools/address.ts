/**
 * Which of an account's addresses a tool's path stands behind. The catalogue's entry says it by its own: a tool for
 * `https://gmail.googleapis.com/gmail/v1` belongs behind the entry's second URL, whatever the account's is. Pure.
 */

import { withoutSlash } from '#providers/requests/base-url.ts';

export interface Address {
  /** One of the account's. */
  readonly baseUrl: string;
  /** In front of the tool's path: what the tool's own base URL has more than the account's. */
  readonly prefix: string;
}

/**
 * @param toolBase the tool's own, as its provider has it; null: a tool for whichever API the account has
 * @param ofEntry the URLs of the account's entry in the catalogue, templates and all
 * @param ofAccount the account's own, in the same order where they are as many
 * @returns null where the account has no address
 */
export function addressFor(
  toolBase: string | null,
  ofEntry: readonly string[],
  ofAccount: readonly string[],
): Address | null {
  const [first] = ofAccount;
  if (first === undefined) return null;
  if (toolBase === null) return { baseUrl: first, prefix: '' };
  const wanted = withoutSlash(toolBase);
  const bases = ofEntry.map(withoutSlash);
  const at = bases.findIndex((base) => wanted === base || wanted.startsWith(`${base}/`));
  const base = bases[at];
  if (base === undefined) return { baseUrl: first, prefix: '' };
  return { baseUrl: ofAccount[at] ?? first, prefix: wanted.slice(base.length) };
}
