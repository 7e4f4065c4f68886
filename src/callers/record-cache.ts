/**
 * Agents' records in the memory of one isolate, for at most a second: a suspended agent, a changed policy or a deleted
 * key takes effect everywhere within that time. Age counts from when the question was sent, because the answer may have
 * been read right then. Only living agents are kept; what was not found is asked for again.
 */

import { within, type Now } from '#lib/clock.ts';
import { BoundedMap } from '#lib/bounded-map.ts';

/** Less than the promised second: a request may wait a little in the account before its token leaves. */
export const MAX_AGE_MS = 750;
/**
 * A question belongs to the request that asked it and may end with it: a request that waits for another's holds a timer
 * of its own, and asks itself after this. Without the timer the platform takes it for hung.
 */
const PATIENCE_MS = 1_500;
/** Questions of others that one request waits for before it asks itself. */
const MAX_ROUNDS = 2;
/** A record may hold a policy of 64 KiB. */
const REMEMBERED = 500;

interface Entry<R> {
  readonly askedAtMs: number;
  readonly answer: Promise<R>;
  /** Set when the answer is there: later requests need not await another request's promise. */
  settled: R | undefined;
}

/** What asking for one record needs of the request that asks. */
export interface Ask {
  readonly now: Now;
  /** An answer asked for before this time does not do. */
  readonly notBeforeMs: number;
  /** Nor one that is as old as this when it is there, however long it was waited for; left out: any age. */
  readonly maxAgeMs?: number;
  /** Lets the question outlive the request that asked it. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** An answer and when it was asked for: what it shows is not older. */
export interface Dated<R> {
  readonly answer: R;
  readonly askedAtMs: number;
}

/** Young enough, and not from a time that the clock has gone back behind. */
function isTimely({ askedAtMs }: Entry<unknown>, { now, notBeforeMs, maxAgeMs = Infinity }: Ask): boolean {
  const nowMs = now();
  return askedAtMs >= notBeforeMs && askedAtMs <= nowMs && nowMs - askedAtMs < maxAgeMs;
}

export class RecordCache<R extends { readonly ok: boolean }> {
  readonly #lookup: (id: string) => Promise<R>;
  readonly #entries: BoundedMap<string, Entry<R>>;

  constructor(lookup: (id: string) => Promise<R>, remembered: number = REMEMBERED) {
    this.#lookup = lookup;
    this.#entries = new BoundedMap(remembered);
  }

  /** The record, not older than `notBeforeMs`. Requests that ask for the same one meanwhile share one lookup. */
  async get(id: string, ask: Ask): Promise<Dated<R>> {
    let waitedFor: Entry<R> | undefined;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const entry = this.#entries.get(id);
      if (entry === undefined || entry === waitedFor || !isTimely(entry, ask)) break;
      const { askedAtMs } = entry;
      if (entry.settled !== undefined) return { answer: entry.settled, askedAtMs };
      const shared = await within(PATIENCE_MS, entry.answer, null);
      // It has grown older while it was waited for.
      if (shared !== null && isTimely(entry, ask)) return { answer: shared, askedAtMs };
      waitedFor = entry;
    }
    return this.#ask(id, ask);
  }

  async #ask(id: string, ask: Ask): Promise<Dated<R>> {
    const askedAtMs = ask.now();
    const entry: Entry<R> = { askedAtMs, answer: this.#lookup(id), settled: undefined };
    this.#entries.set(id, entry);
    const forget = () => {
      if (this.#entries.get(id) === entry) this.#entries.delete(id);
    };
    const kept = entry.answer.then((answer) => {
      if (answer.ok) entry.settled = answer;
      else forget();
    }, forget);
    ask.waitUntil(kept);
    return { answer: await entry.answer, askedAtMs };
  }
}
