/**
 * Where in a request a credential of ours stands. It belongs into one place, `Authorization: Bearer`; anywhere else it
 * ends up in logs, histories and other hosts, so a request that carries it there is refused even when it is right.
 * Pure; says nothing about whether the credential is valid.
 */

import { isJwt } from './workload/token.ts';

export type Presented =
  | { readonly kind: 'none'; readonly detail: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'misplaced'; readonly detail: string };

/** RFC 6750 and RFC 9449, but any printable characters: `ADMIN_KEY` may hold more than a b64token. A space would be a second value. */
const BEARER = /^(?:bearer|dpop) +([\x21-\x7e]{1,16384})$/i;
/** Of what is no JSON Web Token. */
const MAX_KEY_LENGTH = 512;

const TAIL_LENGTH = 59;
const KEY_ID_LENGTH = 10;
/** An agent or admin key, wherever it stands in a text. Ends in 59 base62 characters, see `crypto/api-keys.ts`. */
const KEY_SHAPE = /vk_(?:agent_[a-z0-9._-]{1,64}_|admin_)[0-9A-Za-z]{59}/;
const AGENT_KEY = /^vk_agent_[a-z0-9._-]{1,64}_[0-9A-Za-z]{59}$/;
const ADMIN_KEY_FORM = /^vk_admin_[0-9A-Za-z]{59}$/;

/** The key id that a text names when it has the form of an agent key, whether its checksum holds or not; else null. */
export function namedKeyId(token: string): string | null {
  return AGENT_KEY.test(token) ? keyIdOf(token) : null;
}

/** The same for the form of an admin key. */
export function namedAdminKeyId(token: string): string | null {
  return ADMIN_KEY_FORM.test(token) ? keyIdOf(token) : null;
}

function keyIdOf(token: string): string {
  return token.slice(-TAIL_LENGTH).slice(0, KEY_ID_LENGTH);
}

/** Whether a text holds what has the form of an agent or admin key. `ADMIN_KEY` has no form of its own. */
export function holdsKey(text: string): boolean {
  return text.includes('vk_') && KEY_SHAPE.test(text);
}

function cookieValues(header: string): string[] {
  return header.split(';').map((pair) =>
    pair
      .slice(pair.indexOf('=') + 1)
      .trim()
      .replace(/^"|"$/g, ''),
  );
}

function headerValues(name: string, value: string): string[] {
  if (name === 'cookie') return [value, ...cookieValues(value)];
  const withoutScheme = value.replace(/^[A-Za-z]+ +/, '');
  return withoutScheme === value ? [value] : [value, withoutScheme];
}

/** The query's names and values. A URL without one costs nothing to look through. */
function queryOf(url: string): Iterable<[string, string]> {
  return url.includes('?') ? new URL(url).searchParams : [];
}

/**
 * The one credential of a request.
 *
 * @param isSecret true for a text that is a credential of ours though it has no shape of its own (`ADMIN_KEY`)
 */
export function presentedCredential(
  headers: Headers,
  url: string,
  isSecret: (text: string) => boolean,
): Presented {
  const authorization = headers.get('authorization');
  const bearer = authorization === null ? undefined : BEARER.exec(authorization)?.[1];
  // A token of another issuer has no shape that tells it from others: it is known by standing here as well.
  const jwt = bearer !== undefined && !bearer.startsWith('vk_') && isJwt(bearer) ? bearer : null;
  const isOurs = (text: string) => holdsKey(text) || isSecret(text) || (jwt !== null && text.includes(jwt));
  for (const [name, value] of queryOf(url)) {
    if (isOurs(value) || isOurs(name)) {
      return {
        kind: 'misplaced',
        detail: 'a credential in the query is refused: use the Authorization header, and replace it',
      };
    }
  }
  for (const [name, value] of headers) {
    if (name === 'authorization' || !headerValues(name, value).some(isOurs)) continue;
    const detail = `a credential in the header ${name} is refused: use the Authorization header alone`;
    return { kind: 'misplaced', detail };
  }
  if (authorization === null) {
    return { kind: 'none', detail: 'send a key as Authorization: Bearer' };
  }
  const token = jwt === null && (bearer?.length ?? 0) > MAX_KEY_LENGTH ? undefined : bearer;
  return token === undefined
    ? { kind: 'none', detail: 'the Authorization header must hold `Bearer`, a space and one key' }
    : { kind: 'bearer', token };
}
