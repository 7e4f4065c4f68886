/**
 * The subrequests to D1 and to objects that one invocation of the Worker has left. All parts of a cron run share one
 * number, so that together they stay below the platform's limit.
 */
export class Subrequests {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  /** As many as are left, `wanted` at most. */
  take(wanted: number): number {
    const given = Math.min(wanted, this.#left);
    this.#left -= given;
    return given;
  }

  giveBack(unused: number): void {
    this.#left += unused;
  }
}
