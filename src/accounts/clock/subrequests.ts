/**
 * What one invocation of the Worker may still ask of D1 and of objects. All that a cron run does takes from one number,
 * so that together they stay below what the platform gives.
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
