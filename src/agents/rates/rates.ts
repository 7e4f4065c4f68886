/**
 * How often the agent has used each rule that has a `rate`: counted in memory, noted in a row at most once a second, so
 * that an object that slept goes on counting. Decides nothing of rules: the caller says which one, and its limit.
 */

import { asFreeNames, type RequestContext } from '#audit/record.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { sleep } from '#lib/clock.ts';
import { SlidingWindow, type Limit, type Taken } from '#policy/fields/rate.ts';
import { record, withAgent, type AgentObject, type Life } from '../object.ts';
import type { Outcome } from '../outcome.ts';
import { isFirstOfMinute } from '../refusals.ts';

/** A rule, by `rateKeyOf`. */
interface OfRule {
  readonly key: string;
}

export interface TakeInput extends OfRule, Limit {
  /** For the record of a refusal: the rule's index, and what the request named. */
  readonly rule: number;
  readonly connection: string | null;
  readonly identifier: string | null;
  readonly context: RequestContext;
}

export type PeekInput = OfRule & Limit;

export interface GiveBackInput extends OfRule {
  readonly atMs: number;
}

interface Held {
  readonly id: string;
  readonly window: SlidingWindow;
  /** When its row was written last. */
  notedAtMs: number;
  /** The row is behind, and is going to be written. */
  isDue: boolean;
  /** Refusals since the last record of one. */
  refused: number;
  recordedAtMs: number | null;
}

/** Between two writes of one row. */
const NOTE_MS = 1_000;

export class Rates {
  readonly #object: AgentObject;
  readonly #held = new Map<string, Held>();
  #incarnation = 0;

  constructor(object: AgentObject) {
    this.#object = object;
  }

  /** Counts one request, or says how long the rule is spent. What is refused is recorded once a minute, with its number. */
  take(input: TakeInput): Promise<Outcome<{ readonly outcome: Taken }>> {
    return withAgent<{ ok: true; outcome: Taken }>(this.#object, (_state, life) => {
      const held = this.#of(input.key, life);
      const outcome = held.window.take(input, this.#object.now());
      if (outcome.taken) this.#note(held, life);
      else this.#recordRefusal(held, input, life);
      return { ok: true, outcome };
    });
  }

  /** How long until the next request is taken, in ms; nothing is counted. */
  peek(input: PeekInput): Promise<Outcome<{ readonly waitMs: number }>> {
    return withAgent<{ ok: true; waitMs: number }>(this.#object, (_state, life) => ({
      ok: true,
      waitMs: this.#of(input.key, life).window.waitMs(input, this.#object.now()),
    }));
  }

  /** A counted request was refused by what came after. */
  giveBack({ key, atMs }: GiveBackInput): Promise<Outcome> {
    return withAgent<{ ok: true }>(this.#object, (_state, life) => {
      const held = this.#of(key, life);
      held.window.giveBack(atMs);
      this.#note(held, life);
      return { ok: true };
    });
  }

  #of(key: string, life: Life): Held {
    if (life.incarnation !== this.#incarnation) this.#held.clear();
    this.#incarnation = life.incarnation;
    const id = purposeDigest('rate of a rule', key);
    const known = this.#held.get(id);
    if (known !== undefined) return known;
    const stored = this.#object.store.rate(life.mac, id);
    const held: Held = {
      id,
      window: new SlidingWindow(stored?.times),
      notedAtMs: stored?.notedAtMs ?? -Infinity,
      isDue: false,
      refused: 0,
      recordedAtMs: null,
    };
    this.#held.set(id, held);
    return held;
  }

  #note(held: Held, life: Life): void {
    if (held.isDue) return;
    const sinceMs = this.#object.now() - held.notedAtMs;
    // Also where the clock has gone back behind the row.
    if (sinceMs >= NOTE_MS || sinceMs < 0) {
      this.#write(held, life);
      return;
    }
    held.isDue = true;
    this.#object.waitUntil(this.#writeLater(held, NOTE_MS - sinceMs));
  }

  async #writeLater(held: Held, afterMs: number): Promise<void> {
    await sleep(afterMs);
    await withAgent<{ ok: true }>(this.#object, (_state, life) => {
      held.isDue = false;
      // Of another life, or forgotten with a write that was undone: what is held now is noted by its own requests.
      if (this.#held.get(held.id) === held) this.#write(held, life);
      return { ok: true };
    });
  }

  #write(held: Held, life: Life): void {
    const { store, now } = this.#object;
    held.notedAtMs = now();
    store.transaction(() =>
      store.saveRate(life.mac, { id: held.id, times: held.window.times, notedAtMs: held.notedAtMs }),
    );
  }

  #recordRefusal(held: Held, { rule, connection, identifier, context }: TakeInput, life: Life): void {
    const nowMs = this.#object.now();
    held.refused += 1;
    if (!isFirstOfMinute(held.recordedAtMs, nowMs)) return;
    const evidence = [`rule:${rule}`, `refused:${held.refused}`];
    const fields = { action: 'token.issue', outcome: 'refused', reason: 'rate_limited' } as const;
    const free = asFreeNames({ ...fields, connection, identifier, evidence }, () => false, life.mac);
    this.#object.store.transaction(() => record(this.#object, life, free, context));
    held.refused = 0;
    held.recordedAtMs = nowMs;
  }
}
