/**
 * What binds a flow to one browser: a cookie with 256 random bits, one per link, from which state, nonce and confirm
 * code are made. And whether a form was posted by our own page. Pure but for drawing the secret.
 *
 * On https the cookie is a `__Host-` one, so that no neighbour's host can set it. On plain-http loopback it has neither
 * prefix nor `Secure`, which Safari would not keep.
 */

import { isBrowserSecret, isStateOf, linkTag, newBrowserSecret } from '#crypto/connect-secrets.ts';

const NAME = 'valetkey_connect_';
/** A link's page may stay open for a while; the flow itself ends by its own times. */
const COOKIE_S = 3600;

function prefixOf(origin: string): string {
  return origin.startsWith('https:') ? `__Host-${NAME}` : NAME;
}

function cookiesIn(header: string | null): [name: string, value: string][] {
  return (header ?? '').split(';').flatMap((part): [string, string][] => {
    const at = part.indexOf('=');
    return at < 0 ? [] : [[part.slice(0, at).trim(), part.slice(at + 1).trim()]];
  });
}

/** What a browser holds of a flow: its secret, and what it carries for the broker, encrypted for the broker alone. */
export interface HeldByBrowser {
  readonly secret: string;
  readonly carried: string | null;
}

/** Behind the secret, where something is carried. */
const CARRIES = '~';

function heldIn(value: string): HeldByBrowser | null {
  const at = value.indexOf(CARRIES);
  const secret = at < 0 ? value : value.slice(0, at);
  return isBrowserSecret(secret) ? { secret, carried: at < 0 ? null : value.slice(at + 1) } : null;
}

/** What this browser holds for a link, or a new secret. */
export function heldFor(origin: string, token: string, cookies: string | null): HeldByBrowser {
  const name = prefixOf(origin) + linkTag(token);
  const held = cookiesIn(cookies).flatMap(([key, value]) => {
    const one = key === name ? heldIn(value) : null;
    return one === null ? [] : [one];
  });
  // Two of one name were not both set by us: neither is taken.
  const [only] = held;
  return held.length === 1 && only !== undefined ? only : { secret: newBrowserSecret(), carried: null };
}

/** `Set-Cookie` for it: for our host alone, out of reach of scripts, sent with the provider's redirect back. */
export function browserCookie(
  origin: string,
  token: string,
  secret: string,
  carried: string | null = null,
): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  const value = carried === null ? secret : `${secret}${CARRIES}${carried}`;
  return `${prefixOf(origin)}${linkTag(token)}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_S}${secure}`;
}

/** What this browser holds of the flow that `state` was made for; null: it did not begin it. */
export function heldOfState(origin: string, state: string, cookies: string | null): HeldByBrowser | null {
  const prefix = prefixOf(origin);
  const held = cookiesIn(cookies).flatMap(([name, value]) => {
    const one = name.startsWith(prefix) ? heldIn(value) : null;
    return one === null ? [] : [one];
  });
  return held.find(({ secret }) => isStateOf(secret, state)) ?? null;
}

/**
 * Was the form posted by a page of ours? `Sec-Fetch-Site` says so and cannot be set by a page; where a browser does not
 * send it, `Origin` has to be ours.
 */
export function isOwnPost(origin: string, headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  return site === null ? headers.get('origin') === origin : site === 'same-origin';
}
