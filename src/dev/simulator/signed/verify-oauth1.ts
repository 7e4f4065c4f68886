/**
 * Checks a request that is signed by OAuth 1.0, written from RFC 5849 and from nothing of the broker: what arrived is taken
 * apart byte by byte, and signed anew with the secrets that the provider knows.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  /** `http://host:port`, without a default port. */
  readonly origin: string;
  /** Path and query, byte for byte. */
  readonly target: string;
  /** Of `Authorization`. */
  readonly authorization: string;
  readonly contentType: string;
  readonly body: string;
}

/** The protocol's parameters, decoded. */
export function oauthParamsOf(authorization: string): ReadonlyMap<string, string> | null {
  const [, list] = /^OAuth\s+(.+)$/is.exec(authorization) ?? [];
  if (list === undefined) return null;
  const params = new Map<string, string>();
  for (const part of list.split(',')) {
    const [, name, value] = /^\s*([^=\s]+)="([^"]*)"\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined || params.has(name)) return null;
    params.set(decodeURIComponent(name), decodeURIComponent(value));
  }
  return params;
}

/** Is this the signature of just this request, by these two secrets? */
export function isSignedByOauth1(
  request: Arrived,
  secrets: { readonly consumer: string; readonly token: string },
): boolean {
  const params = oauthParamsOf(request.authorization);
  const given = params?.get('oauth_signature');
  if (params === null || given === undefined || params.get('oauth_signature_method') !== 'HMAC-SHA1')
    return false;
  const at = request.target.indexOf('?');
  const path = at < 0 ? request.target : request.target.slice(0, at);
  const pairs: string[] = [];
  const add = (name: string, value: string) => pairs.push(`${strict(name)}=${strict(value)}`);
  for (const text of [at < 0 ? '' : request.target.slice(at + 1), formOf(request)])
    for (const field of text.split('&').filter((one) => one !== '')) {
      const cut = field.indexOf('=');
      add(decoded(cut < 0 ? field : field.slice(0, cut)), decoded(cut < 0 ? '' : field.slice(cut + 1)));
    }
  for (const [name, value] of params) if (name !== 'oauth_signature' && name !== 'realm') add(name, value);
  // Sorted by name, then by value: `=` sorts before every character that an encoded name can go on with but `-` and `.`.
  const sorted = pairs
    .map((pair) => pair.split('=') as [string, string])
    .toSorted(([one, a], [other, b]) => (one === other ? order(a, b) : order(one, other)))
    .map((pair) => pair.join('='));
  const base = [request.method.toUpperCase(), `${request.origin}${path}`, sorted.join('&')]
    .map(strict)
    .join('&');
  const key = `${strict(secrets.consumer)}&${strict(secrets.token)}`;
  const right = createHmac('sha1', key).update(base, 'utf8').digest();
  const told = Buffer.from(given, 'base64');
  return told.length === right.length && timingSafeEqual(told, right);
}

const order = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

const formOf = ({ contentType, body }: Arrived): string =>
  /^application\/x-www-form-urlencoded\b/i.test(contentType) ? body : '';

/** As forms and queries are decoded: a plus is a space. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};

/** Section 3.6: letters, digits, `-`, `.`, `_`, `~`, and every other byte as `%XX`. */
function strict(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
