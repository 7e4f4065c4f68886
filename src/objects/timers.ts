/**
 * What an object waits for, one timer a name, and the one alarm of the platform, which is set to the earliest of them in
 * the transaction that writes a timer. Nothing here decides what a timer does (`alarm.ts`).
 */

import type { Now } from '#lib/clock.ts';

export interface Timer<Kind extends string = string> {
  /** A word of the object, with what it is about behind a colon where there are several: `refresh:1`. */
  readonly kind: Kind;
  readonly dueAtMs: number;
  /** Failures in a row. */
  readonly attempts: number;
  readonly payload: string | null;
}

/** Where timers lie. Every write is made inside a transaction. */
export interface TimerRows<Kind extends string = string> {
  put(kind: Kind, dueAtMs: number, payload: string | null): void;
  drop(kind: Kind): void;
  /** Later, with one more failure. */
  postpone(timer: Timer<Kind>, dueAtMs: number): void;
  get(kind: Kind): Timer<Kind> | null;
  /** Earliest first. */
  due(nowMs: number, limit: number): Timer<Kind>[];
  /** Earliest first. */
  all(): Timer<Kind>[];
  /** Null: nothing waits. */
  earliestMs(): number | null;
}

/** An alarm that should have fired so long ago is lost. */
const LOST_ALARM_MS = 60_000;

export class Timers<Kind extends string = string> {
  readonly #storage: DurableObjectStorage;
  readonly #rows: TimerRows<Kind>;
  readonly #now: Now;
  /** What the alarm is known to be set to; undefined: not known. */
  #armedAtMs: number | null | undefined;

  constructor(storage: DurableObjectStorage, rows: TimerRows<Kind>, now: Now) {
    this.#storage = storage;
    this.#rows = rows;
    this.#now = now;
  }

  set(kind: Kind, dueAtMs: number, payload: string | null = null): void {
    this.#rows.put(kind, Math.ceil(dueAtMs), payload);
    this.arm();
  }

  clear(kind: Kind): void {
    this.#rows.drop(kind);
    this.arm();
  }

  /** Moves a timer that failed; its own count of failures rises. */
  postpone(timer: Timer<Kind>, dueAtMs: number): void {
    this.#rows.postpone(timer, Math.ceil(dueAtMs));
    this.arm();
  }

  get(kind: Kind): Timer<Kind> | null {
    return this.#rows.get(kind);
  }

  due(nowMs: number, limit: number): Timer<Kind>[] {
    return this.#rows.due(nowMs, limit);
  }

  all(): Timer<Kind>[] {
    return this.#rows.all();
  }

  /** Sets the alarm to the earliest timer, or takes it away. Un-awaited on purpose: it lands in the same commit. */
  arm(): void {
    const earliestMs = this.#rows.earliestMs();
    if (earliestMs === this.#armedAtMs) return;
    if (earliestMs === null) {
      this.#armedAtMs = null;
      void this.#storage.deleteAlarm();
    } else this.wakeAt(earliestMs);
  }

  /** Wakes the object then, whatever its timers say: where they cannot be read, or nothing may be written. */
  wakeAt(atMs: number): void {
    this.#armedAtMs = atMs;
    void this.#storage.setAlarm(atMs);
  }

  /** The alarm has fired or the transaction was rolled back: what it is set to is not known any more. */
  forget(): void {
    this.#armedAtMs = undefined;
  }

  /** After seven failed runs the platform drops an alarm for good; timers that wait for it would wait for ever. */
  async repair(): Promise<void> {
    const earliestMs = this.#rows.earliestMs();
    if (earliestMs === null) return;
    const armedMs = await this.#storage.getAlarm();
    if (armedMs !== null && armedMs > this.#now() - LOST_ALARM_MS) return;
    this.wakeAt(Math.max(earliestMs, this.#now()));
  }
}
