/**
 * What an API's answer says about the token that was sent with it: nothing, or that the token is refused, too narrow,
 * or good for nothing any more. Most APIs say it by status; the descriptor lists those that say it in the body of a 200
 * or under a status that means something else. It refuses to act: whether a refusal is worth a refresh is the refresh
 * room's decision, and it passes on no text of the body.
 *
 * Source: RFC 6750 section 3.1 (401 `invalid_token`, 403 `insufficient_scope`), RFC 6585 section 4 (429).
 */

import { parseBody } from './body.ts';
import type { ApiSignalMeaning, Descriptor } from '../descriptor.ts';
import { parseRetryAfterMs } from '../reading/instant.ts';
import { valuesAt } from '../reading/json-path.ts';
import { signedMeaning, signedStatuses } from '../signing/signed-answer.ts';

/** An API's answer as far as it is read: the beginning of a body is enough, what does not parse says nothing. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Why a token was refused; `invalid` where the answer does not say more. */
export type RefusalMeaning = Exclude<ApiSignalMeaning, 'no_token' | 'unrelated' | 'missing_scope'>;

/**
 * - `accepted`: nothing speaks against the token.
 * - `token_refused`: a refresh may help. `means: 'permission_lost'` says that a token refused while fresh will not get
 *   better by another refresh (see lossOfPermissionOf).
 * - `scope_missing`: the token is good; a refresh changes nothing.
 * - `throttled`: not before `retryAfterMs` (at most an hour), where the answer says so.
 * - `other`: the answer is about something else.
 */
export type ApiVerdict =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'token_refused'; readonly means: RefusalMeaning }
  | { readonly verdict: 'scope_missing' }
  | { readonly verdict: 'throttled'; readonly retryAfterMs: number | null }
  | { readonly verdict: 'other' };

type Signs = Pick<Descriptor, 'api_signals' | 'api_dead_token_signals_with_200'> &
  Partial<Pick<Descriptor, 'signer'>>;

/** Judges an answer of the provider's API. Never throws, for any body. */
export function judgeApiAnswer(descriptor: Signs, answer: ApiAnswer, nowMs: number): ApiVerdict {
  const { status } = answer;
  const means = signalOf(descriptor, answer) ?? signedMeaning(descriptor.signer, answer);
  if (means !== null) return verdictOf(means);
  if (status >= 200 && status < 400) return { verdict: 'accepted' };
  if (status === 401) return { verdict: 'token_refused', means: 'invalid' };
  if (status === 403) return { verdict: 'scope_missing' };
  if (status === 429) {
    return { verdict: 'throttled', retryAfterMs: parseRetryAfterMs(headerOf(answer, 'retry-after'), nowMs) };
  }
  return { verdict: 'other' };
}

function verdictOf(means: ApiSignalMeaning): ApiVerdict {
  switch (means) {
    case 'no_token':
    case 'unrelated':
      return { verdict: 'other' };
    case 'missing_scope':
      return { verdict: 'scope_missing' };
    case 'expired':
    case 'revoked':
    case 'invalid':
    case 'account_inactive':
    case 'permission_lost':
      return { verdict: 'token_refused', means };
  }
}

/** The first listed signal that the body carries, or null. */
function signalOf(descriptor: Signs, answer: ApiAnswer): ApiSignalMeaning | null {
  const listed = [
    ...descriptor.api_dead_token_signals_with_200.map((signal) => ({ status: 200, ...signal })),
    ...(descriptor.api_signals ?? []),
  ].filter((signal) => signal.status === answer.status);
  if (listed.length === 0) return null;
  const parsed = parseBody(answer.body, headerOf(answer, 'content-type') ?? null);
  if (parsed.kind !== 'json') return null;
  const found = listed.find(({ field, equals }) =>
    valuesAt(parsed.value, field).some((value) => value === equals),
  );
  return found?.means ?? null;
}

/** Whether the body of such an answer may say something of the token. @param isJson by its type */
export function mayTell(descriptor: Signs, status: number, isJson: boolean): boolean {
  if (status === 401 || signedStatuses(descriptor.signer).includes(status)) return true;
  const listed = [
    ...descriptor.api_dead_token_signals_with_200.map(() => 200),
    ...(descriptor.api_signals ?? []).map((signal) => signal.status),
  ];
  return isJson && listed.includes(status);
}

/** One way in which an API says that a token is dead: what is set must hold together. */
export interface DeadTokenSign {
  readonly status?: number;
  readonly field?: string;
  readonly equals?: string | number | boolean;
}

/** How a dead token looks at this provider, for a client that calls the API by itself. */
export function deadTokenSigns(descriptor: Descriptor): DeadTokenSign[] {
  const listed = [
    ...descriptor.api_dead_token_signals_with_200.map((signal) => ({ status: 200, ...signal })),
    ...(descriptor.api_signals ?? []),
  ].filter(({ means }) => verdictOf(means).verdict === 'token_refused');
  return [{ status: 401 }, ...listed.map(({ status, field, equals }) => ({ status, field, equals }))];
}

/**
 * Whether the facts know a refused token of this provider as a lost permission, so that three fresh tokens refused in
 * a row end the grant (`policy_changed`) instead of counting as an API that refuses everything.
 */
export function lossOfPermissionOf(descriptor: Descriptor): boolean {
  return (descriptor.api_signals ?? []).some(
    ({ status, means }) => status === 401 && means === 'permission_lost',
  );
}

function headerOf(answer: ApiAnswer, name: string): string | undefined {
  for (const [key, value] of Object.entries(answer.headers)) if (key.toLowerCase() === name) return value;
  return undefined;
}
