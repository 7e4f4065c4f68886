/** Ends a token where that is no request of RFC 7009: by DELETE, with the token as the API takes it. */

import type { Descriptor } from '#providers/descriptor.ts';
import { credentialHeaders } from '#providers/requests/headers.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';
import type { SendOptions, Sent } from '../exchange/token-endpoint.ts';

const MAX_ANSWER_BYTES = 64 * 1024;

/** Never throws. */
export async function deleteToken(
  { revocation_url: url, token_header: template }: Descriptor,
  token: string,
  options: SendOptions,
): Promise<Sent> {
  const headers = credentialHeaders(template, { access_token: token });
  if (url === null || url.includes('{') || headers === null)
    return { kind: 'unsendable', reason: 'no_token_endpoint' };
  return guardedFetch(
    {
      url,
      method: 'DELETE',
      headers: { ...headers, accept: 'application/json', 'user-agent': 'valetkey' },
      body: null,
    },
    { timeoutMs: options.timeoutMs, maxBytes: MAX_ANSWER_BYTES },
    options.guard,
  );
}
