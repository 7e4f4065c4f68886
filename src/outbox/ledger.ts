/**
 * What an outbox does at the directory: its events into the common log, deliveries made for the endpoints that are
 * there, and the index of deliveries. Each step may be done twice, and is done again until the directory has taken it.
 */

import { newId } from '#crypto/api-keys.ts';
import type { DeliveryRow, DeliverySource } from '#directory/webhooks/deliveries.ts';
import type { EventRow } from '#directory/webhooks/events.ts';
import { log } from '#lib/log.ts';
import type { DeliveryHolder } from '#webhooks/delivery-request.ts';
import { newDelivery } from './attempt.ts';
import type { KnownEndpoints } from './known-endpoints.ts';
import type { OutboxPowers } from './powers.ts';
import { receiversOf } from './receivers.ts';
import type { OutgoingEvent } from './tables/rows.ts';
import type { OutboxStore } from './tables/store.ts';

/** Of one question to the directory: an event may have a few kilobytes. */
const BATCH = 50;

export class Ledger {
  readonly #powers: OutboxPowers;
  readonly #store: OutboxStore;
  readonly #known: KnownEndpoints;

  constructor(powers: OutboxPowers, store: OutboxStore, known: KnownEndpoints) {
    this.#powers = powers;
    this.#store = store;
    this.#known = known;
  }

  /** Appends to the common log what is not in it, in order, and tells it what was suppressed since. False: not all. */
  async ship(): Promise<boolean> {
    return this.#untilDone('events are not in the log yet', async () => {
      const unshipped = this.#store.events.unshipped(BATCH);
      if (unshipped.length > 0) {
        await this.#powers.directory.appendEvents(
          unshipped.map((event) => logged(event, this.#powers.source)),
        );
      }
      const changed = this.#store.events.unmarked(BATCH);
      for (const { id, suppressed } of changed) {
        await this.#powers.directory.markSuppressed(id, suppressed);
      }
      const told = [...unshipped, ...changed];
      this.#powers.transaction(() => {
        for (const { n, suppressed } of told) this.#store.events.markShipped(n, suppressed);
      });
      return told.length;
    });
  }

  /** Makes the deliveries of new events. False: the endpoints are not known, or not all events were done. */
  async fanOut(): Promise<boolean> {
    return this.#untilDone('events have no deliveries yet', async () => {
      const events = this.#store.events.unsent(BATCH);
      if (events.length === 0) return 0;
      // Read after the events were made: an endpoint that was there then is in the answer.
      const loaded = await this.#known.fresh(events.map(({ organization }) => organization));
      if (loaded === null) throw new Error('internal: the directory does not say which endpoints there are');
      this.#powers.transaction(() => {
        for (const { n } of events) {
          const event = this.#store.events.byN(n);
          if (event !== null && !event.fannedOut)
            this.#deliverTo(event, receiversOf(event, loaded.endpoints));
        }
      });
      return events.length;
    });
  }

  #deliverTo(event: OutgoingEvent, receivers: readonly { id: string; organization: string }[]): void {
    const nowMs = this.#powers.now();
    for (const { id: endpoint, organization } of receivers) {
      const made = { id: newId('wd'), eventN: event.n, endpoint, organization };
      this.#store.deliveries.add(newDelivery(made, nowMs));
    }
    this.#store.events.markFannedOut(event.n);
  }

  /** Brings what lists show of the deliveries to the directory. False: not all. */
  async index(): Promise<boolean> {
    return this.#untilDone('deliveries are not in the index yet', async () => {
      const rows = this.#store.deliveries.unindexed(BATCH);
      if (rows.length === 0) return 0;
      const { source } = this.#powers;
      await this.#powers.directory.indexDeliveries(rows.map((row) => indexed(row, source)));
      this.#powers.transaction(() => {
        for (const row of rows) this.#store.deliveries.markIndexed(row);
      });
      return rows.length;
    });
  }

  /** Repeats `step` while it says that it has done something. Never throws. */
  async #untilDone(what: string, step: () => Promise<number>): Promise<boolean> {
    try {
      for (;;) {
        const done = await step();
        if (done === 0) return true;
      }
    } catch (error) {
      log('warn', what, { source: `${this.#powers.source.kind} ${this.#powers.source.id}`, error });
      return false;
    }
  }
}

function accountOf(sequence: number | null, source: DeliveryHolder): string | null {
  return sequence === null ? null : source.id;
}

function logged(event: OutgoingEvent, source: DeliveryHolder): EventRow {
  const { id, type, atMs, organization, body, suppressed, sequence } = event;
  return { id, type, atMs, organization, connectedAccountId: accountOf(sequence, source), body, suppressed };
}

type Unindexed = ReturnType<OutboxStore['deliveries']['unindexed']>[number];

/** A delivery as lists show it. */
export function indexed(row: Unindexed, source: DeliveryHolder): DeliveryRow {
  return {
    id: row.id,
    eventId: row.eventId,
    type: row.type,
    endpoint: row.endpoint,
    organization: row.organization,
    connectedAccountId: accountOf(row.sequence, source),
    source: `${source.kind}:${source.id}` as DeliverySource,
    status: row.status,
    attempts: row.attempts,
    lastStatus: row.lastStatus,
    lastFailure: row.lastFailure,
    nextAttemptAtMs: row.nextAttemptAtMs,
    createdAtMs: row.createdAtMs,
    deliveredAtMs: row.deliveredAtMs,
    updatedAtMs: row.updatedAtMs,
  };
}
