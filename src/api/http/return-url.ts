/**
 * Which URL a connection may name to go back to after a connect flow. Pure. A browser is sent there, the broker never
 * calls it, so names inside a company's network are as good as others; the URLs that a flow may use are compared
 * exactly.
 */

import { isLoopbackHost, isThisMachine } from '#egress/guard/guard.ts';

/** What the broker itself adds to a return URL. */
const OWN_PARAMETERS = ['session_id', 'confirm_code', 'status'];

/** Why a browser must not be sent to `url`, or null when it may. The text never repeats the URL. */
export function returnUrlProblem(url: string, allowLoopback: boolean): string | null {
  // The parser drops and folds other characters: two readers of such a text could see two hosts.
  if (!/^[\x21-\x7e]+$/.test(url) || url.includes('\\'))
    return 'must be printable ASCII without spaces and backslashes';
  if (!/^[a-z]+:\/\/[^/?#]/i.test(url) || !URL.canParse(url)) return 'must be a URL';
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(url)) return 'must not contain a user or password';
  if (url.includes('#')) return 'must not have a fragment';
  const parsed = new URL(url);
  if (isLoopbackHost(parsed.hostname)) {
    if (!allowLoopback) return 'must not be on loopback';
    if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return 'must be an http or https URL';
  } else if (isThisMachine(parsed.hostname)) return 'must not be on loopback';
  else if (parsed.hostname.endsWith('.')) return 'must not have a host name that ends with a dot';
  else if (parsed.protocol !== 'https:') return 'must be an https URL';
  const taken = OWN_PARAMETERS.find((name) => parsed.searchParams.has(name));
  return taken === undefined ? null : `must not have the parameter ${taken}, which the broker adds`;
}
