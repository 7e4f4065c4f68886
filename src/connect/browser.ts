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

/** The secret that this browser holds for a link, or a new one. */
export function browserSecretOf(origin: string, token: string, cookies: string | null): string {
  const name = prefixOf(origin) + linkTag(token);
  const held = cookiesIn(cookies).filter(([key, value]) => key === name && isBrowserSecret(value));
  // Two of one name were not both set by us: neither is taken.
  return held.length === 1 ? (held[0]?.[1] ?? newBrowserSecret()) : newBrowserSecret();
}

/** `Set-Cookie` for it: for our host alone, out of reach of scripts, sent with the provider's redirect back. */
export function browserCookie(origin: string, token: string, secret: string): string {
  const secure = origin.startsWith('https:') ? '; Secure' : '';
  return `${prefixOf(origin)}${linkTag(token)}=${secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_S}${secure}`;
}

/** The secret in this browser's cookies from which `state` was made; null: it did not begin this flow. */
export function secretOfState(origin: string, state: string, cookies: string | null): string | null {
  const prefix = prefixOf(origin);
  const held = cookiesIn(cookies).filter(
    ([name, value]) => name.startsWith(prefix) && isBrowserSecret(value),
  );
  return held.find(([, value]) => isStateOf(value, state))?.[1] ?? null;
}

/**
 * Was the form posted by a page of ours? `Sec-Fetch-Site` says so and cannot be set by a page; where a browser does not
 * send it, `Origin` has to be ours.
 */
export function isOwnPost(origin: string, headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  return site === null ? headers.get('origin') === origin : site === 'same-origin';
}
