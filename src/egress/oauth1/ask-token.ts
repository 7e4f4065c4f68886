/** One signed request for a pair of token and secret, and the answer as it is (RFC 5849, 2.1 and 2.3). */

import { systemNow } from '#lib/clock.ts';
import type { Oauth1Keys } from '#providers/signing/oauth1.ts';
import { oauth1Authorization } from '../injector/sign.ts';
import type { GuardOptions } from '../guard/guard.ts';
import { guardedFetch } from '../guard/guarded-fetch.ts';

const MAX_BYTES = 64 * 1024;
/** The pair goes through a cookie, encrypted. */
const PART = /^[\x21-\x7e]{1,1024}$/;

export interface TokenPair {
  readonly token: string;
  readonly secret: string;
}

export type AskedToken =
  | { readonly kind: 'given'; readonly pair: TokenPair; readonly answer: Readonly<Record<string, string>> }
  /** `problem`: the provider's word for it, where it has one. */
  | { readonly kind: 'refused'; readonly problem: string | null }
  | { readonly kind: 'unavailable' }
  /** It answered with something that holds no pair. */
  | { readonly kind: 'odd' };

/** Never throws. @param own parameters of this request alone: `oauth_callback`, `oauth_verifier` */
export async function askToken(
  url: string,
  keys: Oauth1Keys,
  own: Readonly<Record<string, string>>,
  { guard, timeoutMs }: { readonly guard: GuardOptions; readonly timeoutMs: number },
): Promise<AskedToken> {
  const authorization = oauth1Authorization({ method: 'POST', url, form: null }, keys, systemNow(), own);
  const answer = await guardedFetch(
    {
      url,
      method: 'POST',
      headers: { authorization, accept: '*/*', 'user-agent': 'valetkey' },
      body: '',
    },
    { timeoutMs, maxBytes: MAX_BYTES },
    guard,
  );
  if (answer.kind === 'failure' || answer.status >= 500 || answer.status === 429)
    return { kind: 'unavailable' };
  const fields = fieldsIn(answer.body);
  // A wrong clock is no refusal of the client.
  if (/timestamp_refused|nonce_used/.test(fields['oauth_problem'] ?? '')) return { kind: 'odd' };
  if (answer.status === 401 || answer.status === 400 || answer.status === 403)
    return { kind: 'refused', problem: problemOf(fields['oauth_problem']) };
  const { oauth_token: token = '', oauth_token_secret: secret = '' } = fields;
  const isPair = PART.test(token) && PART.test(secret) && answer.status === 200 && !answer.truncated;
  return isPair ? { kind: 'given', pair: { token, secret }, answer: fields } : { kind: 'odd' };
}

/** A form, whatever its type says: the protocol is older than the habit of naming it. */
function fieldsIn(body: string): Record<string, string> {
  return Object.fromEntries([...new URLSearchParams(body.trim())].filter(([name]) => name !== '__proto__'));
}

function problemOf(text: string | undefined): string | null {
  return text !== undefined && /^[a-z_]{1,60}$/.test(text) ? text : null;
}
