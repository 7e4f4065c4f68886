/** What the token endpoint of a dialect answers: its tokens in its own shape, its refusals in its own words. Pure. */

import type { AnswerBook, KnownAnswer } from './answers.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Pair } from './dialects/family.ts';
import type { RequestProblem } from './request.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly json: Record<string, unknown>;
}

const NO_STORE = { 'cache-control': 'no-store' };

/**
 * A pair of tokens as the dialect writes it: the fields of its documented answer, with these values.
 *
 * @param first the answer to a code, which always carries the refresh token
 */
export function tokenAnswer(
  dialect: Dialect,
  answers: AnswerBook,
  pair: Pair,
  given: {
    readonly scope: string;
    readonly accessTtlS: number;
    readonly first: boolean;
    readonly rotates: boolean;
  },
): Answered {
  const template = answers('success').body as Record<string, unknown>;
  const json: Record<string, unknown> = { ...template, ...dialect.extras, access_token: pair.accessToken };
  if (given.first || given.rotates || 'refresh_token' in template) json['refresh_token'] = pair.refreshToken;
  else delete json['refresh_token'];
  if (dialect.saysExpiry) json['expires_in'] = given.accessTtlS;
  else delete json['expires_in'];
  if (dialect.extras?.['refresh_token_expires_in'] === undefined) delete json['refresh_token_expires_in'];
  if ('scope' in json && given.scope !== '') json['scope'] = given.scope;
  return { status: 200, headers: NO_STORE, json };
}

/** A refusal that the provider has words for. */
export function knownRefusal(answer: KnownAnswer): Answered {
  const json = typeof answer.body === 'object' && answer.body !== null ? answer.body : { error: 'error' };
  return { status: answer.status, headers: { ...NO_STORE, ...answer.headers }, json: { ...json } };
}

/** A request that the documents do not allow: RFC 6749's code, under the status that the dialect gives its errors. */
export function requestRefusal(dialect: Dialect, problem: Exclude<RequestProblem, 'client'>): Answered {
  const in200 = dialect.config['errors_with_http_200'] === true;
  const check = dialect.config['token_response_success_check'] as { path?: string } | undefined;
  const failed = check?.path === undefined ? {} : { [check.path]: false };
  return { status: in200 ? 200 : 400, headers: NO_STORE, json: { ...failed, error: problem } };
}
