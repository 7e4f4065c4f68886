/**
 * What proving a caller by a key has in common for both planes: why it failed, what it needs of the request, and what is
 * done beside the answer. Knows no key.
 */

import type { ClientInfo } from '#audit/record.ts';
import type { Code } from '#contract/codes.ts';
import type { RateLimitPolicy } from '#contract/problem.ts';
import { log } from '#lib/log.ts';
import { WINDOW_MS, WRONG_LIMIT } from './wrong-secrets.ts';

/** Why a request has no caller; `detail` is the same for every way in which a key can be wrong. */
export interface AuthFailure {
  readonly code: Extract<
    Code,
    'unauthenticated' | 'forbidden' | 'rate_limited' | 'vault_locked' | 'record_corrupt' | 'unavailable'
  >;
  readonly detail: string;
  readonly retryAfterS?: number;
  /** Of `rate_limited`: which limit. */
  readonly policy?: RateLimitPolicy;
}

/** What authenticating takes from the request beside its head. */
export interface RequestPieces {
  readonly correlationId: string;
  readonly toolCallId: string | null;
  readonly client: ClientInfo;
  /** Keeps the isolate until what nobody waits for is done. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** The one answer for every key that proves nobody. */
export const WRONG_KEY: AuthFailure = { code: 'unauthenticated', detail: 'this is not a valid key' };
/** For whoever proves a key that was made with an end: nobody else learns that there was one. */
export const ENDED_KEY: AuthFailure = { code: 'unauthenticated', detail: 'this key has ended: make another' };
/** Compared where there is no stored digest, so that its absence takes no less time. No secret has this digest. */
export const NO_DIGEST = '-'.repeat(43);
/** How often the use of a key is written down. */
export const TOUCH_INTERVAL_MS = 60 * 60_000;

/** The refusal of a key id that wrong secrets have closed; null: it is open. */
export function closedFailure(blockedForMs: number): AuthFailure | null {
  if (blockedForMs <= 0) return null;
  const detail = 'too many wrong secrets under this key id; other keys go on';
  const policy = { name: 'wrong-secrets', quota: WRONG_LIMIT, windowS: WINDOW_MS / 1000 };
  return { code: 'rate_limited', detail, retryAfterS: Math.ceil(blockedForMs / 1000), policy };
}

/** Lets `work` go on after the answer, and tells the log where it comes to nothing. */
export function unwatched(
  request: RequestPieces,
  what: string,
  work: Promise<{ readonly ok: true } | { readonly ok: false; readonly code: string }>,
): void {
  const told = (fields: object) =>
    log('warn', `${what} not written`, { correlation_id: request.correlationId, ...fields });
  request.waitUntil(
    work.then(
      (outcome) => (outcome.ok ? undefined : told({ reason: outcome.code })),
      (error: unknown) => told({ error }),
    ),
  );
}
