/**
 * The outgoing events of one object: appended in the transaction of the change that they tell, then brought to the
 * directory's log and to the endpoints by `rounds.ts`. Unfinished work stands in its rows, so that nothing depends on
 * this class living on: the next wake of the object goes on from there.
 *
 * Refuses to decide what is worth an event (the room whose change it is), to judge answers and to send (the Deliverer).
 */

import { newId } from '#crypto/api-keys.ts';
import type { DeliveryRow } from '#directory/webhooks/deliveries.ts';
import type { EndpointResult } from '#directory/webhooks/webhook-health.ts';
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
import { eventMac, isAuthentic } from './tables/event-mac.ts';
import { KnownEndpoints } from './known-endpoints.ts';
import { indexed } from './ledger.ts';
import type { OutboxPowers } from './powers.ts';
import { KEPT_EVENTS, Rounds } from './rounds.ts';
import { OutboxStore } from './tables/store.ts';

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
  readonly #rounds: Rounds;

  constructor(powers: OutboxPowers) {
    this.#powers = powers;
    this.#store = new OutboxStore(powers.sql, powers.tables);
    this.#known = new KnownEndpoints(powers.directory, powers.now);
    this.#rounds = new Rounds(powers, this.#store, this.#known);
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
   * Appends an event that was given its id elsewhere; an event that is there already stays as it is. Inside a
   * transaction; awaits nothing.
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
   * Another life begins, under another key: the events that may still leave are authenticated under that key. An event
   * that was not authentic before stays so. Inside a transaction.
   */
  resign(from: Uint8Array, to: Uint8Array): void {
    if (!this.#store.hasTables()) return;
    for (const event of this.#store.events.mayLeave(KEPT_EVENTS)) {
      if (isAuthentic(from, event)) this.#store.events.setMac(event.n, eventMac(to, event));
    }
  }

  /**
   * Learns which endpoints there are, before a refresh that some of them may want to hear of. `organization` is the
   * account's, empty for none. Never throws.
   */
  async look(organization: string, timeoutMs: number): Promise<void> {
    await this.#known.look(organization, timeoutMs);
  }

  /**
   * Whether an endpoint may have asked for `connected_account.refreshed`, which comes with every refresh and is made
   * for such endpoints alone: false only as far as the last look said so.
   */
  wantsRefreshed(): boolean {
    return this.#known.mayWantRefreshed();
  }

  /** When `run` is to be called again; null: nothing is left to do. */
  nextDueAtMs(): number | null {
    return this.#exists() ? this.#store.state().wakeAtMs : null;
  }

  /** Wakes then and not before: a start has failed. Inside a transaction. */
  postpone(wakeAtMs: number): void {
    this.#store.saveState({ ...this.#store.state(), wakeAtMs });
  }

  /** Whether an event or a delivery is not done with. */
  hasWaiting(): boolean {
    return this.#exists() && (this.#store.deliveries.hasWaiting() || this.#store.hasUnfinished());
  }

  /**
   * What the object's alarm calls: does what is due, in the background, because a directory that hangs must not hold
   * the alarm.
   */
  start(): void {
    this.#rounds.start();
  }

  /** Does what is due, and says through `wake` when to come again. Never throws. */
  run(): Promise<void> {
    return this.#rounds.run();
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
   * Sends a delivery again, in any status: same id, same body. The delivery as it is then; null: none is held, or its
   * event is not as it was made.
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
    return this.#store.hasTables();
  }
}
