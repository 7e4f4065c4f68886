/**
 * The subject of a request at the door, as far as a person's yes depends on it, and how that person reads it. Pure; no
 * credential is opened for it: an address that only a credential tells is left out.
 */

import { placeholdersIn } from '#providers/descriptor.ts';
import { baseByPath, beginsWithBase, namedBase, withoutSlash } from '#providers/requests/base-url.ts';
import { isListedHeader } from '#providers/requests/headers.ts';
import type { AccountRow, ConnectionSettings } from '../rows.ts';
import type { About, AskedUse } from './machine.ts';

/** `unknown_address`: the account has no such base URL, so nobody need be asked. */
export function aboutOf(
  use: AskedUse,
  { subject }: Pick<AccountRow, 'subject'>,
  { descriptor }: Pick<ConnectionSettings, 'descriptor'>,
  agentLife: string | null,
): About | 'unknown_address' {
  const listed = descriptor.api_request_headers ?? [];
  const headers = Object.entries(use.headers)
    .filter(([name]) => isListedHeader(name, listed))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  const about = { agentLife, subject, headers };
  const bases = descriptor.api_base_urls.map(withoutSlash);
  const isKnown = bases.length > 0 && bases.every((base) => placeholdersIn(base).length === 0);
  if (use.action !== 'proxy' || !isKnown) return { ...about, address: use.baseUrl };
  const path = use.path ?? '/';
  const named = use.baseUrl === null ? baseByPath(path, bases) : namedBase(use.baseUrl, path, bases);
  if (named === undefined) return 'unknown_address';
  return { ...about, address: named };
}

/** The preview with the address in its first line, and the headers that leave to this API alone below it. */
export function shownOf({ preview, path }: AskedUse, { address, headers }: About): string | null {
  if (preview === null) return null;
  const end = preview.indexOf('\n');
  const [first, rest] = end < 0 ? [preview, ''] : [preview.slice(0, end), preview.slice(end)];
  const lines = headers.map(([name, value]) => `\n${name}: ${value}`).join('');
  const whole = address === null ? first : first.replace(' ', () => ` ${frontOf(address, path ?? '/')}`);
  return `${whole}${lines}${rest}`;
}

/** As the call itself is addressed. */
function frontOf(address: string, path: string): string {
  return beginsWithBase(path, address) ? new URL(address).origin : address;
}
