/**
 * What an API's answer to a signed request says of its credential, where it is said in the words of the signature and in
 * no field of JSON: a dead key, or a clock that is wrong, which is nobody's dead key. Pure.
 *
 * Sources: RFC 5849 section 3.2, the OAuth Problem Reporting extension, AWS "Common errors" and S3 "Error responses".
 */

import type { ApiSignalMeaning } from '../descriptor.ts';
import type { SignerName } from './facts.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const AWS: Readonly<Record<string, ApiSignalMeaning>> = {
  InvalidAccessKeyId: 'invalid',
  InvalidClientTokenId: 'invalid',
  UnrecognizedClientException: 'invalid',
  InvalidToken: 'invalid',
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  TokenRefreshRequired: 'expired',
  AccessDenied: 'missing_scope',
  AccessDeniedException: 'missing_scope',
  RequestTimeTooSkewed: 'unrelated',
  RequestExpired: 'unrelated',
  RequestInTheFuture: 'unrelated',
  IncompleteSignature: 'unrelated',
  MissingAuthenticationToken: 'unrelated',
  MissingAuthenticationTokenException: 'unrelated',
};
/** One code for a wrong key and for a wrong clock: the text beside it tells them apart. */
const AWS_SIGNATURE = /^(?:SignatureDoesNotMatch|InvalidSignatureException)$/;
const AWS_CLOCK = /Signature (?:expired|not yet current)/i;
const AWS_STATUSES: readonly number[] = [400, 401, 403];

const OAUTH1: readonly (readonly [pattern: RegExp, means: ApiSignalMeaning])[] = [
  [/timestamp_refused|nonce_used|timestamp out of bounds|(?:invalid|expired) timestamp/i, 'unrelated'],
  [/consumer_key_(?:unknown|rejected|refused)/i, 'unrelated'],
  [/expired[ _]token|token_expired/i, 'expired'],
  [/token_revoked|revoked/i, 'revoked'],
  [/token_rejected|invalid[ _]token|permission_denied/i, 'invalid'],
];

/** Statuses whose body may say it. */
export function signedStatuses(signer: SignerName | undefined): readonly number[] {
  return signer === 'aws_sigv4' ? AWS_STATUSES : [];
}

/** Null: it says nothing of the credential, and the status decides. */
export function signedMeaning(signer: SignerName | undefined, answer: Answer): ApiSignalMeaning | null {
  if (signer === 'aws_sigv4') return AWS_STATUSES.includes(answer.status) ? awsMeaning(answer) : null;
  if (signer !== 'oauth1_hmac_sha1' || answer.status !== 401) return null;
  const said = `${answer.headers['www-authenticate'] ?? ''}\n${answer.body}`.slice(0, 4096);
  return OAUTH1.find(([pattern]) => pattern.test(said))?.[1] ?? null;
}

function awsMeaning({ headers, body }: Answer): ApiSignalMeaning | null {
  const front = body.slice(0, 8192);
  const code =
    /^([A-Za-z]+)/.exec(headers['x-amzn-errortype'] ?? '')?.[1] ??
    /<Code>([A-Za-z.]{1,80})<\/Code>/.exec(front)?.[1] ??
    /"(?:__type|code|Code)"\s*:\s*"(?:[^"#]{0,120}#)?([A-Za-z.]{1,80})"/.exec(front)?.[1];
  if (code === undefined) return null;
  if (AWS_SIGNATURE.test(code)) return AWS_CLOCK.test(front) ? 'unrelated' : 'invalid';
  return Object.hasOwn(AWS, code) ? (AWS[code] ?? null) : null;
}
