/**
 * The outgoing events of one object: appended in the transaction of the change that they tell, then brought to the
 * directory's log and to the endpoints. What is not done yet stands in its rows, so that nothing depends on this class
 * living on: whoever wakes the object runs on from there.
 *
 * Refuses to decide what is worth an event (the room whose change it is), to judge answers and to send (the Deliverer).
 */

import { newId } from '#crypto/api-keys.ts';
import type { DeliveryRow } from '#directory/deliveries.ts';
import type { EndpointResult } from '#directory/webhook-health.ts';
import { log } from '#lib/log.ts';
import type { DeliveryReport } from '#webhooks/delivery-request.ts';
import {
  accountEventData,
  eventBody,
  type AccountEvent,
  type EventAccount,
  type EventData,
  type EventType,
} from '#webhooks/event.ts';
import type { Judgement } from '#webhooks/retry.ts';
import { askedAgain, ended } from './attempt.ts';
import { Dispatcher } from './dispatcher.ts';
import { eventMac, isAuthentic } from './event-mac.ts';
import { KnownEndpoints } from './known-endpoints.ts';
import { indexed, Ledger } from './ledger.ts';
import type { OutboxPowers } from './powers.ts';
import { OutboxStore } from './store.ts';

/** How long an event can be read in its object after it is done with, and how many are kept however old. */
const KEPT_MS = 30 * 24 * 3_600_000;
const KEPT_EVENTS = 100;
const PRUNED_AT_ONCE = 20;

/** When an alarm looks again whose work did not come to its end. */
const LOOK_AGAIN_MS = 30_000;

/** Half to whole of a doubling wait, while the directory does not answer. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 5 * 60_000;

const RESULT_OF: Readonly<Record<Judgement, EndpointResult>> = {
  delivered: 'ok',
  gone: 'gone',
  refused: 'failed',
};

/** What an event was given when it was made. */
export interface Appended {
  readonly id: string;
  /** Null for what is no event of an account. */
  readonly sequence: number | null;
}

/** An event that is about to be made. */
export interface NewEvent {
  readonly type: EventType;
  readonly data: EventData;
  readonly atMs: number;
}

export class Outbox {
  readonly #powers: OutboxPowers;
  readonly #store: OutboxStore;
  readonly #known: KnownEndpoints;
  readonly #dispatcher: Dispatcher;
  readonly #ledger: Ledger;
  #running: Promise<void> | null = null;
  #again = false;
  /** When the last plan wants to be made anew. */
  #planAtMs: number | null = null;

  constructor(powers: OutboxPowers) {
    this.#powers = powers;
    this.#store = new OutboxStore(powers.sql);
    this.#known = new KnownEndpoints(powers.directory, powers.now);
    this.#dispatcher = new Dispatcher(powers, this.#store, this.#known);
    this.#ledger = new Ledger(powers, this.#store, this.#known);
  }

  /** Appends an event of this account. Inside the transaction of the change that it tells; awaits nothing. */
  appendAccountEvent(mac: Uint8Array, account: EventAccount, event: AccountEvent, atMs: number): Appended {
    const sequence = this.#store.nextSequence();
    const data = accountEventData(account, sequence, event);
    return this.#append(mac, { type: event.type, data, atMs }, sequence);
  }

  /** Appends an event that is no account's (`connection.*`, `agent.*`). Inside a transaction; awaits nothing. */
  append(mac: Uint8Array, event: NewEvent): Appended {
    return this.#append(mac, event, null);
  }

  /**
   * Appends an event that was given its id elsewhere; one that is there already stays as it is. Inside a transaction;
   * awaits nothing.
   */
  appendOnce(mac: Uint8Array, id: string, event: NewEvent): void {
    if (!this.#store.events.holds(id)) this.#append(mac, event, null, id);
  }

  #append(
    mac: Uint8Array,
    { type, data, atMs }: NewEvent,
    sequence: number | null,
    id: string = newId('evt'),
  ): Appended {
    const { organization: named } = data;
    const organization = typeof named === 'string' ? named : '';
    const body = eventBody({ type, atMs, data });
    const event = { id, type, sequence, atMs, organization, body };
    this.#store.events.add(event, eventMac(mac, event));
    // News is worth a question to a directory that has been silent.
    this.#store.saveState({ ...this.#store.state(), wakeAtMs: atMs, directoryAtMs: 0 });
    this.#powers.wake(atMs);
    return { id, sequence };
  }

  /**
   * Another life begins, under another key: what may still leave is authenticated under that one. What was not authentic
   * before is not made so. Inside a transaction.
   */
  resign(from: Uint8Array, to: Uint8Array): void {
    if (!this.#store.hasTables()) return;
    for (const event of this.#store.events.mayLeave(KEPT_EVENTS)) {
      if (isAuthentic(from, event)) this.#store.events.setMac(event.n, eventMac(to, event));
    }
  }

  /** A transaction of the object was rolled back: what is remembered of rows may not be so. */
  forget(): void {
    this.#store.forget();
  }

  /**
   * Learns which endpoints there are, before a refresh that some of them may want to hear of. `organization` is the
   * account's, empty for none. Never throws.
   */
  async look(organization: string, timeoutMs: number): Promise<void> {
    await this.#known.look(organization, timeoutMs);
  }

  /**
   * Whether somebody may have asked for `connected_account.refreshed`, which comes with every refresh and is made for
   * nobody else: false only as far as the last look said so.
   */
  wantsRefreshed(): boolean {
    return this.#known.mayWantRefreshed();
  }

  /** When `run` is to be called again; null: nothing is left to do. */
  nextDueAtMs(): number | null {
    return this.#exists() ? this.#store.state().wakeAtMs : null;
  }

  /** Whether an event or a delivery is not done with. */
  hasWaiting(): boolean {
    return this.#exists() && (this.#store.deliveries.hasWaiting() || this.#store.hasUnfinished());
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

  /** One at a time: who comes meanwhile gets another round of it. Never throws. */
  #keepBooks(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #rounds(): Promise<void> {
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
    const ceilingMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
    return Math.ceil(ceilingMs * (0.5 + this.#powers.random() / 2));
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

  /** A bug or a storage that fails: what is due stays due, and is looked at again. */
  #failed(error: unknown): void {
    log('error', 'an outbox failed', { source: this.#name(), error });
    try {
      this.#wakeAt(this.#powers.now() + LONGEST_RETRY_MS);
    } catch (again) {
      log('error', 'an outbox could not be woken', { source: this.#name(), error: again });
    }
  }

  #name(): string {
    return `${this.#powers.source.kind} ${this.#powers.source.id}`;
  }

  /**
   * How an attempt ended, told by the Deliverer: possibly late, possibly twice, possibly to a later incarnation of the
   * object. `unknown`: there is no such delivery.
   */
  settled(report: DeliveryReport): 'settled' | 'known' | 'unknown' {
    const delivery = this.#exists() ? this.#store.deliveries.byId(report.deliveryId) : null;
    if (delivery === null) return 'unknown';
    const after = ended(delivery, report, this.#powers.now(), this.#powers.random);
    const changed = after.delivery;
    if (changed === null) return 'known';
    this.#powers.transaction(() => this.#store.deliveries.save(changed));
    this.#powers.waitUntil(this.#follow(delivery.endpoint, after.verdict));
    return 'settled';
  }

  /** The endpoint's turn is free: the next delivery may go, once the directory knows how this one fared. */
  async #follow(endpoint: string, verdict: Judgement | null): Promise<void> {
    if (verdict !== null && !this.#isNoNews(endpoint, verdict)) {
      try {
        const { directory, now } = this.#powers;
        await directory.recordResult(endpoint, RESULT_OF[verdict], now());
      } catch (error) {
        // The next attempt says the same again.
        log('warn', 'the health of an endpoint was not written', { endpoint, error });
      }
    }
    await this.run();
  }

  /** A healthy endpoint that stays healthy: the directory need not be asked. */
  #isNoNews(endpoint: string, verdict: Judgement): boolean {
    const seen = this.#known.seen(endpoint);
    if (verdict !== 'delivered' || seen === null) return false;
    return seen.health.status === 'active' && seen.health.failingSinceMs === null && seen.lastOk;
  }

  /**
   * Sends a delivery again, whatever its status: same id, same body. The delivery as it is then; null: none is held, or
   * its event is not as it was made.
   */
  redeliver(mac: Uint8Array, deliveryId: string): DeliveryRow | null {
    const before = this.#exists() ? this.#store.deliveries.byId(deliveryId) : null;
    const event = before === null ? null : this.#store.events.byN(before.eventN);
    if (before === null || event === null || !isAuthentic(mac, event)) return null;
    const delivery = askedAgain(before, this.#powers.now());
    if (delivery !== before) {
      this.#powers.transaction(() => this.#store.deliveries.save(delivery));
      this.#powers.waitUntil(this.run());
    }
    const { id: eventId, type, sequence } = event;
    return indexed({ ...delivery, eventId, type, sequence }, this.#powers.source);
  }

  #exists(): boolean {
    return this.#powers.exists() && this.#store.hasTables();
  }
}
