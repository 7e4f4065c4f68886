/**
 * Signs a request as it leaves: method, URL, headers and body are those that are sent, and nothing is changed behind the
 * signature. What signs was decided at the account's door (`providers/signing`).
 */

import { AwsV4Signer } from 'aws4fetch';
import { contentHash } from '#crypto/digest.ts';
import { randomBase62 } from '#crypto/encoding.ts';
import { hmacSha1 } from '#crypto/signing/hmac-sha1.ts';
import { isoTime } from '#lib/clock.ts';
import { signsWithoutBody } from '#providers/signing/aws.ts';
import { baseString, oauth1Header, oauth1Params, signingKey } from '#providers/signing/oauth1.ts';
import type { Signing } from '#providers/signing/signing.ts';

/** The part of a request that a signature can cover. */
export interface Signable {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReadableStream<Uint8Array> | Uint8Array | null;
}

/** Null: the signature covers the body, and that streams by. */
export async function signed<R extends Signable>(
  request: R,
  signing: Signing,
  nowMs: number,
): Promise<R | null> {
  switch (signing.by) {
    case 'aws_sigv4':
      return signedByAws(request, signing, nowMs);
    case 'oauth1_hmac_sha1':
      return signedByOauth1(request, signing, nowMs);
  }
}

type Of<By extends Signing['by']> = Extract<Signing, { by: By }>;

/** A caller that brings them means its own signature, of which nothing leaves. */
const AWS_OWN = new Set(['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256']);

async function signedByAws<R extends Signable>(
  request: R,
  signing: Of<'aws_sigv4'>,
  nowMs: number,
): Promise<R | null> {
  const { body, method, url } = request;
  const isKept = body === null || body instanceof Uint8Array;
  if (!isKept && !signsWithoutBody(signing.service)) return null;
  const own = without(request.headers, AWS_OWN);
  const hash = isKept ? contentHash(body ?? NOTHING) : 'UNSIGNED-PAYLOAD';
  const signer = new AwsV4Signer({
    method,
    url,
    // Where a body may be left out, the request says whether it is (S3); everywhere else the signature alone covers it.
    headers: signsWithoutBody(signing.service) ? { ...own, 'x-amz-content-sha256': hash } : own,
    body: isKept ? body : null,
    accessKeyId: signing.accessKeyId,
    secretAccessKey: signing.secretAccessKey,
    ...(signing.sessionToken === null ? {} : { sessionToken: signing.sessionToken }),
    service: signing.service,
    region: signing.region,
    datetime: awsTime(nowMs),
  });
  const { headers } = await signer.sign();
  return { ...request, headers: Object.fromEntries(headers) };
}

const NOTHING = new Uint8Array(0);

/** `20150830T123600Z` */
function awsTime(nowMs: number): string {
  return isoTime(nowMs).replaceAll(/[:-]|\.\d{3}/g, '');
}

const OAUTH1_OWN = new Set(['authorization']);
const FORM = /^application\/x-www-form-urlencoded(?:;|$)/i;

function signedByOauth1<R extends Signable>(
  request: R,
  keys: Of<'oauth1_hmac_sha1'>,
  nowMs: number,
): R | null {
  const { body, method, url } = request;
  const own = without(request.headers, OAUTH1_OWN);
  const type = Object.entries(own).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  // RFC 5849, 3.4.1.3.1: of a body the fields of a form alone are signed.
  const form = FORM.test(type.trim()) ? body : null;
  if (form !== null && !(form instanceof Uint8Array)) return null;
  const fields = form === null ? null : new TextDecoder().decode(form);
  const authorization = oauth1Authorization({ method, url, form: fields }, keys, nowMs);
  return { ...request, headers: { ...own, authorization } };
}

/** Never two of the same key in one second (RFC 5849, 3.3). */
const NONCE_CHARACTERS = 32;

/** The header of a signed request. @param own parameters beside the protocol's, such as `oauth_callback` */
export function oauth1Authorization(
  request: { readonly method: string; readonly url: string; readonly form: string | null },
  keys: Parameters<typeof oauth1Params>[0],
  nowMs: number,
  own: Readonly<Record<string, string>> = {},
): string {
  const times = { nonce: randomBase62(NONCE_CHARACTERS), timestampS: Math.floor(nowMs / 1000) };
  const params = oauth1Params(keys, times, own);
  return oauth1Header(params, hmacSha1(signingKey(keys), baseString(request, params)));
}

function without(headers: Signable['headers'], names: ReadonlySet<string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase())));
}
