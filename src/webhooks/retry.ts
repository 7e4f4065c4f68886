/**
 * What an endpoint's answer means for a delivery, and when it is tried again.
 *
 * Owns the limits of one attempt and the table of retries. Refuses to wait, to send or to know endpoints: whether an
 * endpoint is worth a try at all is `endpoint-health.ts` and `plan-deliveries.ts`.
 */

import type { Random } from '#lib/clock.ts';

/** A 2xx counts within this time. */
export const ANSWER_WITHIN_MS = 15_000;
/** Nothing in the answer's body matters, so a hostile one costs no more than this. */
export const ANSWER_READ_BYTES = 16 * 1024;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** After the first attempt: soon enough for a restart, then ever rarer over three days, which outlast a weekend. */
export const RETRY_AFTER_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/**
 * Up to a fifth is added, nothing is taken away: deliveries that failed together come back apart, and a receiver can
 * rely on the table as the least time that it has.
 */
const JITTER = 0.2;

/**
 * The longest that the table can keep a delivery waiting; a delivery that a failing endpoint holds longer is given up
 * too.
 */
export const GIVE_UP_AFTER_MS = Math.ceil(
  RETRY_AFTER_MS.reduce((sum, waitMs) => sum + waitMs) * (1 + JITTER),
);

export type NextAttempt = { readonly kind: 'retry'; readonly atMs: number } | { readonly kind: 'failed' };

/**
 * When a refused delivery is tried again, or that it is not.
 *
 * @param input.attempts attempts by this table, the one just refused included: the first try is 1. Probes of a failing
 * endpoint are none of them: an endpoint that is down for a day is probed more often than the table is long.
 * @param input.nowMs when the refused attempt ended
 * @returns `atMs` in whole milliseconds; `failed` after the ninth retry
 */
export function nextAttempt(input: { attempts: number; nowMs: number; random: Random }): NextAttempt {
  const waitMs = RETRY_AFTER_MS[Math.max(1, input.attempts) - 1];
  if (waitMs === undefined) return { kind: 'failed' };
  return { kind: 'retry', atMs: input.nowMs + waitMs + Math.floor(input.random() * waitMs * JITTER) };
}

/** How an attempt ended. A failure is everything without a status: timeout, reset, a target that the guard refuses. */
export type AttemptAnswer =
  | { readonly kind: 'response'; readonly status: number }
  | { readonly kind: 'failure'; readonly reason: string };

export type Judgement = 'delivered' | 'gone' | 'refused';

/** A redirect is refused like any other answer that is not 2xx: following it would hand the event to another host. */
export function judgeAnswer(answer: AttemptAnswer): Judgement {
  if (answer.kind === 'failure') return 'refused';
  if (answer.status >= 200 && answer.status <= 299) return 'delivered';
  return answer.status === 410 ? 'gone' : 'refused';
}
