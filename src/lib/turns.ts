/** Work of one isolate that would only disturb itself side by side: it goes one after another, in the order in which it came. */

import { systemNow, within, type Now } from './clock.ts';

/** A request may end in its turn, and with it the work that it began: so long a turn keeps the others waiting at most. */
const HELD_MS = 1_000;

interface Turn {
  readonly wake: () => void;
  /** When its turn came; null: it waits. */
  sinceMs: number | null;
}

/**
 * A line of requests. Each that waits has a timer of its own beside the promise of another request, and passes by one
 * that keeps its turn for too long: the order is a kindness, and what happens twice at once must be right all the same.
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
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const turn: Turn = { wake, sinceMs: null };
    this.#line.push(turn);
    this.#begin();
    while (turn.sinceMs === null) {
      await within(HELD_MS, woken, undefined);
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
    if (first === undefined || first.sinceMs !== null) return;
    first.sinceMs = this.#now();
    first.wake();
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
