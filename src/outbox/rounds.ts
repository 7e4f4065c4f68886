/**
 * What an outbox does when it is woken: deliveries that are due, then its books at the directory, one round at a time,
 * and the next wake. A round may end at any point; the work it left stands in the rows.
 *
 * Refuses to make events (`outbox.ts`), to plan deliveries (`dispatcher.ts`) and to know the directory's tables
 * (`ledger.ts`).
 */

import { doubledMs, spreadHalf } from '#lib/backoff.ts';
import { log } from '#lib/log.ts';
import { Dispatcher } from './dispatcher.ts';
import type { KnownEndpoints } from './known-endpoints.ts';
import { Ledger } from './ledger.ts';
import type { OutboxPowers } from './powers.ts';
import type { OutboxStore } from './tables/store.ts';

/** How long an event can be read in its object after it is done with, and how many are kept however old. */
const KEPT_MS = 30 * 24 * 3_600_000;
export const KEPT_EVENTS = 100;
const PRUNED_AT_ONCE = 20;

/** When an alarm looks again whose work did not come to its end. */
const LOOK_AGAIN_MS = 30_000;

/** Half to whole of a doubling wait, while the directory does not answer. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;

export class Rounds {
  readonly #powers: OutboxPowers;
  readonly #store: OutboxStore;
  readonly #dispatcher: Dispatcher;
  readonly #ledger: Ledger;
  #running: Promise<void> | null = null;
  #again = false;
  /** When the last plan wants to be made anew. */
  #planAtMs: number | null = null;

  constructor(powers: OutboxPowers, store: OutboxStore, known: KnownEndpoints) {
    this.#powers = powers;
    this.#store = store;
    this.#dispatcher = new Dispatcher(powers, store, known);
    this.#ledger = new Ledger(powers, store, known);
  }

  /**
   * What the object's alarm calls: does what is due, in the background, because a directory that hangs must not hold
   * the alarm. The next wake is written first, for the case that the object does not live to its end.
   */
  start(): void {
    const wakeAtMs = this.#powers.now() + LOOK_AGAIN_MS;
    this.#powers.transaction(() => {
      this.#store.saveState({ ...this.#store.state(), wakeAtMs });
      this.#powers.wake(wakeAtMs);
    });
    this.#powers.waitUntil(this.run());
  }

  /** Does what is due, and says through `wake` when to come again. Never throws. */
  async run(): Promise<void> {
    try {
      if (!this.#exists()) return;
      // First what needs nothing of the directory but its endpoints: a log that hangs holds no delivery.
      await this.#deliver(this.#hasBooksToKeep());
      if (this.#hasBooksToKeep()) await this.#keepBooks();
    } catch (error) {
      this.#failed(error);
    }
  }

  #hasBooksToKeep(): boolean {
    return this.#store.state().directoryAtMs <= this.#powers.now() && this.#store.hasUnfinished();
  }

  /** Starts the deliveries that are due. Never throws. @param keeping the books are being kept, or about to be */
  async #deliver(keeping: boolean): Promise<void> {
    try {
      const planned = await this.#dispatcher.dispatch();
      this.#planAtMs = planned === 'unknown' ? null : planned.wakeAtMs;
      if (planned === 'unknown') this.#directoryAnswered(false);
      this.#arm(keeping || this.#running !== null);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** One round at a time: a call that comes meanwhile causes another round. Never throws. */
  #keepBooks(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#untilDone().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #untilDone(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#round().catch((error: unknown) => this.#failed(error));
    }
  }

  async #round(): Promise<void> {
    const shipped = await this.#ledger.ship();
    const fannedOut = await this.#ledger.fanOut();
    await this.#deliver(true);
    // Only now: what was suppressed or delivered at once is told as such.
    const marked = await this.#ledger.ship();
    const listed = await this.#ledger.index();
    this.#directoryAnswered(shipped && fannedOut && marked && listed);
    this.#powers.transaction(() => {
      this.#store.events.prune(this.#powers.now() - KEPT_MS, KEPT_EVENTS, PRUNED_AT_ONCE);
    });
    this.#arm(this.#again);
  }

  #directoryAnswered(ok: boolean): void {
    const before = this.#store.state();
    if (ok && before.directoryFailures === 0) return;
    const directoryFailures = ok ? 0 : before.directoryFailures + 1;
    const directoryAtMs = ok ? 0 : this.#powers.now() + this.#retryMs(directoryFailures);
    this.#powers.transaction(() => {
      this.#store.saveState({ ...before, directoryFailures, directoryAtMs });
    });
  }

  #retryMs(failures: number): number {
    return spreadHalf(doubledMs(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS), this.#powers.random);
  }

  /**
   * Wakes for the plan, and for what the directory has not taken: while the books are being kept only for the case that
   * the object does not live to their end.
   */
  #arm(keeping: boolean): void {
    const nowMs = this.#powers.now();
    const { directoryAtMs } = this.#store.state();
    const wakes = this.#planAtMs === null ? [] : [this.#planAtMs];
    if (directoryAtMs > nowMs) wakes.push(directoryAtMs);
    else if (this.#store.hasUnfinished()) wakes.push(keeping ? nowMs + LOOK_AGAIN_MS : nowMs);
    this.#wakeAt(wakes.length === 0 ? null : Math.min(...wakes));
  }

  #wakeAt(wakeAtMs: number | null): void {
    const state = this.#store.state();
    if (state.wakeAtMs === wakeAtMs) return;
    this.#powers.transaction(() => {
      this.#store.saveState({ ...state, wakeAtMs });
      this.#powers.wake(wakeAtMs);
    });
  }

  /** A bug or a storage that fails: due work stays due, and is looked at again. */
  #failed(error: unknown): void {
    log('error', 'an outbox failed', { source: this.#name(), error });
    try {
      this.#wakeAt(this.#powers.now() + LONGEST_RETRY_MS);
    } catch (again) {
      log('error', 'an outbox could not be woken', { source: this.#name(), error: again });
    }
  }

  #exists(): boolean {
    return this.#store.hasTables();
  }

  #name(): string {
    return `${this.#powers.source.kind} ${this.#powers.source.id}`;
  }
}
