/**
 * How a client proves itself at the endpoints of its provider, the same at all of them. Of HTTP Basic RFC 6749 wants id and secret form-encoded first, and many servers
 * compare them as plain text: so unreserved characters stay as they are (encoding them changes nothing for a server that
 * decodes), and only what must be encoded is. `raw` encodes nothing, for servers that never decode.
 *
 * Sources: RFC 6749 section 2.3.1 and appendix B, RFC 3986 section 2.3 (unreserved characters), RFC 7617.
 */

import * as oauth from 'oauth4webapi';
import type { Descriptor } from '#providers/descriptor.ts';
import type { RequestAuth } from '#providers/requests/token-request.ts';

/** Without a charset: the type has none (WHATWG URL, section 5), and strict servers answer 415 to one. */
export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** What the library is given to add the client to a request. */
export function clientAuth(auth: RequestAuth, secret: string | null): oauth.ClientAuth {
  if (secret === null || auth === 'none') return oauth.None();
  if (auth !== 'client_secret_basic' && auth !== 'client_secret_basic_raw')
    return oauth.ClientSecretPost(secret);
  const encoding = auth === 'client_secret_basic' ? 'form' : 'raw';
  // The library's own encodes `-`, `_`, `.` and `~` too.
  return (_server, client, _body, headers) =>
    headers.set('authorization', basicAuthorization(client.client_id, secret, encoding));
}

/** The value of `Authorization`. */
function basicAuthorization(
  clientId: string,
  secret: string,
  encoding: Descriptor['client_secret_basic_encoding'],
): string {
  const part = encoding === 'raw' ? (text: string) => text : formEncoded;
  return `Basic ${base64(`${part(clientId)}:${part(secret)}`)}`;
}

/** `application/x-www-form-urlencoded`, with `-`, `.`, `_` and `~` as they are. */
function formEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
