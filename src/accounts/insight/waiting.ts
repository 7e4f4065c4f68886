/**
 * Callers that wait for an account to come to a status: how a paused task goes on. In memory; nothing is promised
 * beyond it. A waiting caller comes again and again for a moment, so that it is authenticated in between, and keeps its
 * place.
 */

import { within } from '#lib/clock.ts';

/** More would hold the object's memory and connections for people who are not there. */
const MAX_WAITING = 50;
/** Of one agent: the others of this account wait too. */
const MAX_WAITING_PER_AGENT = 10;
/** A place is kept so long for a caller that has not come again: it may have hung up. */
const KEPT_MS = 3_000;

/** A waiting caller. */
export interface Waiter {
  /** The same each time that one request comes again. */
  readonly id: string;
  /** Null: an operator. */
  readonly agentId: string | null;
}

interface Place {
  readonly agentId: string | null;
  /** Until when the place is held without a waiting call. */
  keptUntilMs: number;
}

export class Waiting {
  readonly #wake = new Set<() => void>();
  readonly #places = new Map<string, Place>();

  /** A status has changed, or may have: every waiting request looks again. */
  changed(): void {
    for (const wake of this.#wake) wake();
  }

  /** Resolves when `reached` says so or the time is up; false where there is no place for one more. */
  async until(
    waiter: Waiter,
    reached: () => boolean,
    timeoutMs: number,
    now: () => number,
  ): Promise<boolean> {
    if (reached()) {
      this.#places.delete(waiter.id);
      return true;
    }
    const endMs = now() + timeoutMs;
    if (!this.#takePlace(waiter, now(), endMs + KEPT_MS)) return false;
    for (let leftMs = timeoutMs; leftMs > 0 && !reached(); leftMs = endMs - now()) await this.#change(leftMs);
    if (reached()) this.#places.delete(waiter.id);
    return true;
  }

  /** The wait is over. */
  leave(id: string): void {
    this.#places.delete(id);
  }

  #takePlace({ id, agentId }: Waiter, nowMs: number, keptUntilMs: number): boolean {
    const own = this.#places.get(id);
    if (own !== undefined) {
      own.keptUntilMs = keptUntilMs;
      return true;
    }
    for (const [other, place] of this.#places) if (place.keptUntilMs < nowMs) this.#places.delete(other);
    if (this.#places.size >= MAX_WAITING) return false;
    const ofAgent = [...this.#places.values()].filter((place) => place.agentId === agentId).length;
    if (agentId !== null && ofAgent >= MAX_WAITING_PER_AGENT) return false;
    this.#places.set(id, { agentId, keptUntilMs });
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
