/**
 * Checks a request that is signed by AWS Signature Version 4, written from its documents and from nothing of the broker:
 * the canonical request is made of what arrived, byte by byte.
 */

import { createHash, createHmac } from 'node:crypto';

export interface ArrivedAtAws {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly target: string;
  /** By name in lower case, as they arrived. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export type AwsVerdict =
  | { readonly ok: true; readonly service: string; readonly region: string; readonly payload: string }
  | { readonly ok: false; readonly code: string; readonly message: string };

const refuse = (code: string, message: string): AwsVerdict => ({ ok: false, code, message });
/** A signature holds so long. */
const SKEW_MS = 15 * 60_000;

/** @param nowMs by the clock of the service */
export function verifySigv4(
  request: ArrivedAtAws,
  keys: Readonly<Record<string, { readonly secret: string; readonly sessionToken?: string }>>,
  nowMs: number,
): AwsVerdict {
  const { headers } = request;
  const [, id, date, region, service, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers['authorization'] ?? '',
    ) ?? [];
  if (id === undefined || date === undefined || region === undefined || service === undefined)
    return refuse('IncompleteSignature', 'the Authorization header is no signature');
  const key = keys[id];
  if (key === undefined) return refuse('InvalidAccessKeyId', 'there is no such access key');
  if ((headers['x-amz-security-token'] ?? undefined) !== key.sessionToken)
    return refuse('InvalidToken', 'the session token is not that of the key');
  const at = headers['x-amz-date'] ?? '';
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(at) ?? [];
  if (Math.abs(Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) - nowMs) > SKEW_MS)
    return refuse('RequestTimeTooSkewed', 'the clocks differ too much');
  if (!at.startsWith(date)) return refuse('SignatureDoesNotMatch', 'two dates');
  const signed = (names ?? '').split(';');
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (needed.some((name) => !signed.includes(name)) || signed.join() !== signed.toSorted().join())
    return refuse('SignatureDoesNotMatch', 'a header that has to be signed is not');
  const payload = headers['x-amz-content-sha256'] ?? sha256(request.body);
  if (payload === 'UNSIGNED-PAYLOAD' ? service !== 's3' : payload !== sha256(request.body))
    return refuse('XAmzContentSHA256Mismatch', 'the body is another');
  const canonical = [
    request.method,
    ...canonicalTarget(request.target, service),
    ...signed.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed.join(';'),
    payload,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n');
  const signingKey = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (under, part) => createHmac('sha256', under).update(part).digest(),
    `AWS4${key.secret}`,
  );
  const right = createHmac('sha256', signingKey).update(text).digest('hex');
  return right === signature
    ? { ok: true, service, region, payload }
    : refuse('SignatureDoesNotMatch', 'the signature is another');
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** S3 encodes a path once, every other service what came once more. */
function canonicalTarget(target: string, service: string): [path: string, query: string] {
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  const segments = path.split('/').map((part) => (service === 's3' ? encode(decode(part)) : encode(part)));
  const pairs = (at < 0 ? '' : target.slice(at + 1))
    .split('&')
    .filter((one) => one !== '')
    .map((one) => {
      const cut = one.indexOf('=');
      const [name, value] = cut < 0 ? [one, ''] : [one.slice(0, cut), one.slice(cut + 1)];
      return [encode(plus(name)), encode(plus(value))] as const;
    })
    .toSorted(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return [segments.join('/'), pairs.map(([name, value]) => `${name}=${value}`).join('&')];
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
const plus = (text: string): string => decode(text.replaceAll('+', ' '));
const encode = (text: string): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
