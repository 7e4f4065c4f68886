/**
 * What an object waits for, one timer a name, and the one alarm of the platform, which is set to the earliest of them at
 * the end of the transaction that writes timers: once, however many it writes, since each alarm that is set costs a row. Nothing here decides what a timer does (`alarm.ts`).
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
  readonly #isWriting: () => boolean;
  /** What the alarm is known to be set to; undefined: not known. */
  #armedAtMs: number | null | undefined;
  /** A timer was written since the alarm was set. */
  #isMoved = false;

  /** @param isWriting whether a transaction goes on, at whose end `armMoved` is called */
  constructor(storage: DurableObjectStorage, rows: TimerRows<Kind>, now: Now, isWriting: () => boolean) {
    this.#storage = storage;
    this.#rows = rows;
    this.#now = now;
    this.#isWriting = isWriting;
  }

  set(kind: Kind, dueAtMs: number, payload: string | null = null): void {
    this.#rows.put(kind, Math.ceil(dueAtMs), payload);
    this.#moved();
  }

  clear(kind: Kind): void {
    this.#rows.drop(kind);
    this.#moved();
  }

  /** Moves a timer that failed; its own count of failures rises. */
  postpone(timer: Timer<Kind>, dueAtMs: number): void {
    this.#rows.postpone(timer, Math.ceil(dueAtMs));
    this.#moved();
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

  #moved(): void {
    this.#isMoved = true;
    if (!this.#isWriting()) this.arm();
  }

  /** The last act of a transaction. */
  armMoved(): void {
    if (this.#isMoved) this.arm();
  }

  /** Sets the alarm to the earliest timer, or takes it away. Un-awaited on purpose: it lands in the same commit. */
  arm(): void {
    this.#isMoved = false;
    const earliestMs = this.#rows.earliestMs();
    if (earliestMs === this.#armedAtMs) return;
    if (earliestMs === null) {
      this.#armedAtMs = null;
      void this.#storage.deleteAlarm();
    } else this.wakeAt(earliestMs);
  }

  /** Wakes the object then, regardless of its timers: where they cannot be read, or nothing may be written. */
  wakeAt(atMs: number): void {
    this.#armedAtMs = atMs;
    void this.#storage.setAlarm(atMs);
  }

  /**
   * The alarm has fired, or a transaction was rolled back, perhaps inside another that goes on: the time of the alarm
   * is no longer known, and the end of the next transaction looks it up.
   */
  forget(): void {
    this.#armedAtMs = undefined;
    this.#isMoved = true;
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
