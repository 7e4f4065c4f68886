/**
 * How often a rule may be used: the times of the last requests, so that no window of a whole period ever holds more than
 * the limit. Pure: the moment comes in as an argument.
 */

import type { Rule } from '#contract/agents/policy.ts';

type Per = NonNullable<Rule['rate']>['per'];

const PERIOD_MS: Readonly<Record<Per, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

export interface Limit {
  readonly limit: number;
  readonly periodMs: number;
}

export type Taken =
  | {
      readonly taken: true;
      /** What stands for the request: it is given back by this. Epoch ms. */
      readonly atMs: number;
      /** How many more there are now. */
      readonly left: number;
    }
  | {
      readonly taken: false;
      /** After so long the next one is taken, if none comes between. */
      readonly retryAfterMs: number;
    };

/** What makes a rule the same one after a change of its policy: all of it but the rate; of equal rules, which one. */
export function rateKeyOf(rules: readonly Rule[], index: number): string {
  const textOf = (rule: Rule | undefined) => JSON.stringify({ ...rule, rate: null });
  const text = textOf(rules[index]);
  const nth = rules.slice(0, index).filter((rule) => rule.rate !== undefined && textOf(rule) === text).length;
  return JSON.stringify([nth, text]);
}

export function limitOf({ rate }: Rule): Limit | null {
  return rate === undefined ? null : { limit: rate.limit, periodMs: PERIOD_MS[rate.per] };
}

/** The times of the requests that were taken, oldest first. */
export class SlidingWindow {
  #times: number[];

  constructor(times: readonly number[] = []) {
    this.#times = [...times];
  }

  get times(): readonly number[] {
    return this.#times;
  }

  /** Counts a request of now, unless the window is full. */
  take({ limit, periodMs }: Limit, nowMs: number): Taken {
    const waitMs = this.waitMs({ limit, periodMs }, nowMs);
    if (waitMs > 0) return { taken: false, retryAfterMs: waitMs };
    this.#times.push(nowMs);
    return { taken: true, atMs: nowMs, left: limit - this.#times.length };
  }

  /** How long until the next request is taken; 0: at once. Forgets what no window reaches any more. */
  waitMs({ limit, periodMs }: Limit, nowMs: number): number {
    this.#followClock(nowMs);
    const first = this.#times.findIndex((atMs) => atMs > nowMs - periodMs);
    this.#times = first < 0 ? [] : this.#times.slice(first);
    // Of so many that are too many, the last has to leave the window.
    const blocking = this.#times[this.#times.length - limit];
    return blocking === undefined ? 0 : blocking + periodMs - nowMs;
  }

  /** The request of that time was refused after all. */
  giveBack(atMs: number): void {
    const index = this.#times.lastIndexOf(atMs);
    if (index >= 0) this.#times.splice(index, 1);
  }

  /** The clock was set back: the requests keep their distances, and the newest counts as made now. */
  #followClock(nowMs: number): void {
    const aheadMs = (this.#times.at(-1) ?? nowMs) - nowMs;
    if (aheadMs > 0) this.#times = this.#times.map((atMs) => atMs - aheadMs);
  }
}
