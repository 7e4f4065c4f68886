/**
 * OAuth 1.0 as far as it is text: the base string that is signed, the key that signs it, and the header. Pure; the digest
 * is made elsewhere, because no digest is synchronous here.
 *
 * Source: RFC 5849 sections 3.4.1 (base string), 3.4.2 (HMAC-SHA1), 3.5.1 (header), 3.6 (percent encoding).
 */

/** A client that signs, and the token that it acts with; null: it has none yet (RFC 5849, 2.1). */
export interface Oauth1Keys {
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly token: string | null;
  readonly tokenSecret: string | null;
}

/** What of a request is signed. `form`: the text of a body of form fields; null: it has another body, or none. */
export interface Oauth1Request {
  readonly method: string;
  readonly url: string;
  readonly form: string | null;
}

type Pair = readonly [name: string, value: string];

/** The parameters of the header, in their order, without the signature. @param own such as `oauth_callback` */
export function oauth1Params(
  keys: Oauth1Keys,
  { nonce, timestampS }: { readonly nonce: string; readonly timestampS: number },
  own: Readonly<Record<string, string>> = {},
): readonly Pair[] {
  return [
    ['oauth_consumer_key', keys.consumerKey],
    ...(keys.token === null ? [] : ([['oauth_token', keys.token]] as const)),
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', String(timestampS)],
    ['oauth_nonce', nonce],
    ['oauth_version', '1.0'],
    ...Object.entries(own),
  ];
}

/** Section 3.4.1.1. */
export function baseString(request: Oauth1Request, params: readonly Pair[]): string {
  const url = new URL(request.url);
  const all = [...fieldsOf(url.search.slice(1)), ...fieldsOf(request.form ?? ''), ...params];
  // Section 3.4.1.3.2: sorted as they are encoded, by their bytes.
  const sorted = all
    .map(([name, value]): Pair => [encoded(name), encoded(value)])
    .toSorted(([one, first], [other, second]) => compared(one, other) || compared(first, second));
  const normalized = sorted.map(([name, value]) => `${name}=${value}`).join('&');
  // Section 3.4.1.2: no default port, host in lower case; both are the URL parser's work.
  return [request.method.toUpperCase(), `${url.origin}${url.pathname}`, normalized].map(encoded).join('&');
}

/** Section 3.4.2. */
export function signingKey({ consumerSecret, tokenSecret }: Oauth1Keys): string {
  return `${encoded(consumerSecret)}&${encoded(tokenSecret ?? '')}`;
}

/** Section 3.5.1. @param signature in base64 */
export function oauth1Header(params: readonly Pair[], signature: string): string {
  const all: readonly Pair[] = [...params, ['oauth_signature', signature]];
  return `OAuth ${all.map(([name, value]) => `${encoded(name)}="${encoded(value)}"`).join(', ')}`;
}

/** Section 3.6: more is encoded than a URL needs. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Fields of a query or of a form, as a server decodes them; one without `=` has an empty value. */
function fieldsOf(text: string): Pair[] {
  return text === '' ? [] : [...new URLSearchParams(text)];
}

function compared(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
