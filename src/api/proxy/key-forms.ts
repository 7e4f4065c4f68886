/**
 * The agent's own credential as providers' SDKs send theirs: `Bearer`, `token`, or Basic with it in either place. On the
 * proxy's routes alone; everywhere else it belongs behind `Bearer`. Pure.
 */

const TOKEN = /^token +(\S+)$/i;
const BASIC = /^basic +([A-Za-z0-9+/=_-]+)$/i;

/** The value of `Authorization` with the credential behind `Bearer`; the one that was given where it is none of these. */
function asBearer(authorization: string): string {
  const token = TOKEN.exec(authorization)?.[1];
  if (token !== undefined) return `Bearer ${token}`;
  const encoded = BASIC.exec(authorization)?.[1];
  const held = encoded === undefined ? null : heldIn(encoded);
  return held === null ? authorization : `Bearer ${held}`;
}

/** Stripe's SDK sends its key as the user, Twilio's as the password. One of the two is empty, or says nothing. */
function heldIn(encoded: string): string | null {
  let text: string;
  try {
    text = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return null;
  }
  const colon = text.indexOf(':');
  const user = colon < 0 ? text : text.slice(0, colon);
  const password = colon < 0 ? '' : text.slice(colon + 1);
  return [user, password].find((part) => part.startsWith('vk_agent_') || isJwt(part)) ?? null;
}

function isJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** The headers with which the caller is proved. */
export function provingHeaders(given: Headers): Headers {
  const authorization = given.get('authorization');
  if (authorization === null) return given;
  const headers = new Headers(given);
  headers.set('authorization', asBearer(authorization));
  return headers;
}
