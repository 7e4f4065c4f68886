/** Which calls are open, in the memory of their account: what spares a look through its chain. */

/** The open calls of an object that has not slept since they began. */
export class OpenCalls {
  readonly #open = new Set<number>();
  #first: number | null = null;

  began(seq: number): void {
    this.#first ??= seq;
    this.#open.add(seq);
  }

  ended(seq: number): void {
    this.#open.delete(seq);
  }

  /** Whether none is open of all that began with this one or later; false too where the object has slept since. */
  areNone(from: number): boolean {
    return this.#first !== null && this.#first <= from && this.#open.size === 0;
  }
}
