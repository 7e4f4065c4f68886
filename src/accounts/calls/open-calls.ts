/** Which calls are open, in the memory of their account: what spares a look through its chain. */

const MOST_REFUSED = 100;

/** The open calls of an object that has not slept since they began. */
export class OpenCalls {
  readonly #open = new Set<number>();
  #first: number | null = null;
  /** By the number of an open call, the approval that let it out. */
  readonly #approved = new Map<number, string>();
  /** The same of calls that the API refused for a dead token, so that they may be sent once more; the newest. */
  readonly #refused = new Map<number, string>();

  /** @param approvalId of the yes that let it out; null: it took none */
  began(seq: number, approvalId: string | null): void {
    this.#first ??= seq;
    this.#open.add(seq);
    if (approvalId !== null) this.#approved.set(seq, approvalId);
  }

  /** @param isRefused the API did not take its token, and so did nothing */
  ended(seq: number, isRefused: boolean): void {
    this.#open.delete(seq);
    const approvalId = this.#approved.get(seq);
    this.#approved.delete(seq);
    if (approvalId === undefined || !isRefused) return;
    this.#refused.set(seq, approvalId);
    if (this.#refused.size > MOST_REFUSED) this.#refused.delete(this.#refused.keys().next().value ?? seq);
  }

  /** The approval of a call that was refused so, and has not been sent once more; null: none. */
  approvalOf(seq: number): string | null {
    return this.#refused.get(seq) ?? null;
  }

  /** It is sent once more, and never again. */
  repeated(seq: number): void {
    this.#refused.delete(seq);
  }

  /** Whether none is open of all that began with this one or later; false too where the object has slept since. */
  areNone(from: number): boolean {
    return this.#first !== null && this.#first <= from && this.#open.size === 0;
  }
}
