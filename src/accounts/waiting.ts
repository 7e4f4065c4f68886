/** Those who wait for an account to come to a status: how a paused task goes on. In memory; nothing is promised beyond it. */

import { within } from '#lib/clock.ts';
import type { Room } from './room.ts';

/** More would hold the object's memory and connections for people who are not there. */
const MAX_WAITING = 50;

export class Waiting {
  readonly #wake = new Set<() => void>();

  /** A status has changed, or may have: everybody looks again. */
  changed(): void {
    for (const wake of this.#wake) wake();
  }

  /** Resolves when `reached` says so or the time is up; false when too many wait already. */
  async until(reached: () => boolean, timeoutMs: number, now: () => number): Promise<boolean> {
    if (reached()) return true;
    if (this.#wake.size >= MAX_WAITING) return false;
    const endMs = now() + timeoutMs;
    for (let leftMs = timeoutMs; leftMs > 0 && !reached(); leftMs = endMs - now()) await this.#change(leftMs);
    return true;
  }

  async #change(limitMs: number): Promise<void> {
    let wake: () => void = () => undefined;
    const change = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#wake.add(wake);
    await within(limitMs, change, undefined);
    this.#wake.delete(wake);
  }
}

/** Waits until the living account is in `status`, is gone, or the time is up; false when too many wait already. */
export function waitForStatus(
  { waiting, store, now }: Room,
  mac: Uint8Array,
  { status, timeoutMs }: { readonly status: string; readonly timeoutMs: number },
): Promise<boolean> {
  const reached = (): boolean =>
    !store.hasTables() || store.keyMaterial() === null || store.state(mac)?.account.status === status;
  return waiting.until(reached, timeoutMs, now);
}
