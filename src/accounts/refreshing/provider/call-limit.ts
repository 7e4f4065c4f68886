/**
 * How often something may be done that can call the provider each time: pretending that a token has ended, proving what
 * an operator brings, leaving an authorization request at the provider. A provider that is called without end ends the
 * grant or the client. Counted in memory: an object that died meanwhile lets a few more through, and no row is written.
 */

import type { RateLimitPolicy } from '#contract/problem.ts';

const WINDOW_MS = 60_000;
const TIMES = 6;

/** The limit as the headers of a 429 tell it. */
export function policyOf(name: 'expire' | 'proofs'): RateLimitPolicy {
  return { name, quota: TIMES, windowS: WINDOW_MS / 1000 };
}

export class CallLimit {
  readonly #times: number;
  #atMs: number[] = [];

  /** @param times within a minute */
  constructor(times: number = TIMES) {
    this.#times = times;
  }

  /** 0: it may be done. Else the milliseconds until it may. A clock that was set back forgets. */
  waitMs(nowMs: number): number {
    this.#atMs = this.#atMs.filter((atMs) => atMs <= nowMs && nowMs - atMs < WINDOW_MS);
    const oldest = this.#atMs[0];
    return oldest !== undefined && this.#atMs.length >= this.#times ? WINDOW_MS - (nowMs - oldest) : 0;
  }

  /** The same, and where it may be done it is counted. */
  take(nowMs: number): number {
    const waitMs = this.waitMs(nowMs);
    if (waitMs === 0) this.#atMs.push(nowMs);
    return waitMs;
  }

  /** Nothing is counted any more. */
  isEmpty(nowMs: number): boolean {
    return this.waitMs(nowMs) === 0 && this.#atMs.length === 0;
  }
}

/** Of a link that many may hold: so that no browser with fresh cookies calls the provider without end. */
const OPENINGS_OF_ALL = 60;

/**
 * How often a browser may leave an authorization request at the provider (RFC 9126). Each session has its own count, so
 * that the holder of a link cannot keep other users out. A repair link opens any number of sessions, so all repairs
 * also share one count, ten times as high.
 */
export class OpeningLimit {
  readonly #sessions = new Map<string, CallLimit>();
  readonly #repairs = new CallLimit(OPENINGS_OF_ALL);

  /** 0: it may be opened, and is counted. Else the milliseconds until it may. */
  take(session: string, isRepair: boolean, nowMs: number): number {
    for (const [id, limit] of this.#sessions) if (limit.isEmpty(nowMs)) this.#sessions.delete(id);
    const own = this.#sessions.get(session) ?? new CallLimit();
    const waitMs = Math.max(own.waitMs(nowMs), isRepair ? this.#repairs.waitMs(nowMs) : 0);
    if (waitMs > 0) return waitMs;
    own.take(nowMs);
    if (isRepair) this.#repairs.take(nowMs);
    this.#sessions.set(session, own);
    return 0;
  }
}
