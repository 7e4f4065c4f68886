/** Work of one isolate that would only disturb itself side by side: it goes one after another, in the order in which it came. */

import { sleep, systemNow, type Now } from './clock.ts';

/** A request may end in its turn, and with it the work that it began: so long a turn keeps the others waiting at most. */
const HELD_MS = 1_000;
/** A request looks again after so long for each that is before it, and not later than after the longest pause. */
const LOOK_MS = 3;
const LONGEST_PAUSE_MS = 250;

interface Turn {
  /** When its turn came; null: it waits. */
  sinceMs: number | null;
}

/**
 * A line of requests. Each looks by a timer of its own whether its turn has come, since the platform lets no request
 * settle the promise of another one, and passes by one that keeps its turn for too long: the order is a kindness, and
 * what happens twice at once must be right all the same.
 */
export class Turns {
  readonly #line: Turn[] = [];
  readonly #now: Now;

  constructor(now: Now = systemNow) {
    this.#now = now;
  }

  get isIdle(): boolean {
    return this.#line.length === 0;
  }

  /** The outcome of `work`, which begins when those before it have ended, or have taken too long. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    const turn: Turn = { sinceMs: null };
    this.#line.push(turn);
    this.#begin();
    while (turn.sinceMs === null) {
      await sleep(Math.min(LONGEST_PAUSE_MS, this.#line.indexOf(turn) * LOOK_MS));
      this.#passBy();
    }
    try {
      return await work();
    } finally {
      this.#leave(turn);
    }
  }

  #begin(): void {
    const [first] = this.#line;
    if (first !== undefined) first.sinceMs ??= this.#now();
  }

  /** Also where the clock has gone back behind the beginning of the turn. */
  #passBy(): void {
    const [first] = this.#line;
    if (first === undefined || first.sinceMs === null) return;
    if (Math.abs(this.#now() - first.sinceMs) >= HELD_MS) this.#leave(first);
  }

  #leave(turn: Turn): void {
    const at = this.#line.indexOf(turn);
    if (at >= 0) this.#line.splice(at, 1);
    this.#begin();
  }
}
