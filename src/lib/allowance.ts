/** A number of things that may happen within a window of time; a use that turned out to be harmless is given back. */
export class Allowance {
  readonly #limit: number;
  readonly #windowMs: number;
  #used = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** False where all of the window is used up. A clock that has gone back begins a new one. */
  take(nowMs: number): boolean {
    if (nowMs < this.#sinceMs || nowMs - this.#sinceMs >= this.#windowMs) {
      this.#sinceMs = nowMs;
      this.#used = 0;
    }
    if (this.#used >= this.#limit) return false;
    this.#used += 1;
    return true;
  }

  giveBack(): void {
    this.#used = Math.max(0, this.#used - 1);
  }
}
