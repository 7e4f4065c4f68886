/**
 * How often an operator may pretend that a token has ended: with a fetch after it each time would be a call of the
 * provider, and a provider that is called without end ends the grant or the client. Counted in memory: an object that
 * died meanwhile lets a few more through, and no row is written for it.
 */

import type { RateLimitPolicy } from '#contract/problem.ts';

const WINDOW_MS = 60_000;
const TIMES = 6;

/** The limit as the headers of a 429 tell it. */
export const EXPIRE_POLICY: RateLimitPolicy = { name: 'expire', quota: TIMES, windowS: WINDOW_MS / 1000 };

export class ExpireLimit {
  #atMs: number[] = [];

  /** 0: it may be done, and is counted. Else the milliseconds until it may. A clock that was set back forgets. */
  take(nowMs: number): number {
    this.#atMs = this.#atMs.filter((atMs) => atMs <= nowMs && nowMs - atMs < WINDOW_MS);
    const oldest = this.#atMs[0];
    if (oldest !== undefined && this.#atMs.length >= TIMES) return WINDOW_MS - (nowMs - oldest);
    this.#atMs.push(nowMs);
    return 0;
  }
}
