/**
 * Starts the deliveries that may leave now. What may is `webhooks/plan-deliveries.ts`'s; here the plan is made from the
 * rows, written, and handed to the Deliverer without waiting for it.
 */

import { secretsInForce, type WebhookEndpointRow } from '#directory/webhook-endpoint-row.ts';
import type { LoadedEndpoints } from '#directory/webhook-settings.ts';
import { log } from '#lib/log.ts';
import type { DeliveryRequest } from '#webhooks/delivery-request.ts';
import { drainDelaysMs, isDraining } from '#webhooks/endpoint-health.ts';
import { planDeliveries, type DeliveryPlan, type PlannedEndpoint } from '#webhooks/plan-deliveries.ts';
import { failed, isLost, isUnseen, lost, putOff, released, started } from './attempt.ts';
import type { KnownEndpoints } from './known-endpoints.ts';
import type { OutboxPowers } from './powers.ts';
import type { Delivery } from './rows.ts';
import type { OutboxStore } from './store.ts';
import { suppressionOf } from './suppression.ts';

/** Of each endpoint; one of them leaves at a time, the others are for what is dropped. */
const LOOKED_AT = 20;
/** From an incident's opening to its end there are a few events, however long it lasts. */
const REMEMBERED_EVENTS = 200;
/** Together with the half that is not trusted they leave one place of six. */
const TRUSTED_IN_ADVANCE = 2;
/** What waits for a row that cannot be trusted is looked at again then. */
const UNTRUSTED_LOOK_MS = 10 * 60_000;

/** When to plan again; `unknown`: the endpoints could not be asked for, nothing was planned. */
export type Planned = { readonly wakeAtMs: number | null } | 'unknown';

interface Turn {
  readonly plan: DeliveryPlan;
  readonly start: DeliveryRequest[];
  readonly untrusted: boolean;
}

export class Dispatcher {
  readonly #powers: OutboxPowers;
  readonly #store: OutboxStore;
  readonly #known: KnownEndpoints;
  /** Deliveries whose probe is being asked for: planned as in flight, and written when the lease is theirs. */
  readonly #asking = new Set<string>();

  constructor(powers: OutboxPowers, store: OutboxStore, known: KnownEndpoints) {
    this.#powers = powers;
    this.#store = store;
    this.#known = known;
  }

  /** Plans and starts. Resolves when what may start has been handed over, not when it has ended. */
  async dispatch(): Promise<Planned> {
    if (this.#store.deliveries.countWaiting() === 0) return { wakeAtMs: null };
    const loaded = await this.#known.recent(this.#store.deliveries.receivingOrganizations());
    if (loaded === null) return 'unknown';
    const nowMs = this.#powers.now();
    const { plan, start, untrusted } = this.#powers.transaction(() => this.#turn(loaded, nowMs));
    for (const request of start) this.#handOver(request);
    // Not waited for: a plan that comes back late would wake the object by what was so then.
    for (const id of plan.probes) this.#powers.waitUntil(this.#probe(id, loaded));
    const wakes = [
      ...(plan.wakeAtMs === null ? [] : [plan.wakeAtMs]),
      ...(untrusted ? [nowMs + UNTRUSTED_LOOK_MS] : []),
      // Of many that are given up at once the plan has seen the first few.
      ...(plan.drop.length + plan.giveUp.length > 0 ? [nowMs] : []),
    ];
    return { wakeAtMs: wakes.length === 0 ? null : Math.min(...wakes) };
  }

  /** Everything of one moment but the leases. Inside a transaction. */
  #turn(loaded: LoadedEndpoints, nowMs: number): Turn {
    const byId = new Map(loaded.endpoints.map((endpoint) => [endpoint.id, endpoint]));
    this.#endLost(nowMs);
    this.#holdAndRelease(byId, nowMs);
    this.#suppress(nowMs);

    const waiting = this.#store.deliveries.waiting(LOOKED_AT);
    const trusted = waiting.filter(({ endpoint }) => !loaded.untrusted.includes(endpoint));
    const plan = planDeliveries({
      nowMs,
      deliveries: trusted.map((delivery) => this.#planned(delivery)),
      endpoints: plannedEndpoints(loaded.endpoints, trusted),
      random: this.#powers.random,
    });
    for (const id of [...plan.drop, ...plan.giveUp]) this.#change(id, (row) => failed(row, nowMs));
    for (const id of plan.probes) this.#asking.add(id);
    const start = plan.start
      .filter((id) => !plan.probes.includes(id))
      .flatMap((id) => this.#begin(id, byId, loaded.dataKey, false, nowMs) ?? []);
    return { plan, start, untrusted: trusted.length < waiting.length };
  }

  #planned(delivery: Delivery) {
    return {
      id: delivery.id,
      endpoint: delivery.endpoint,
      dueAtMs: delivery.nextAttemptAtMs ?? 0,
      createdAtMs: delivery.askedAtMs,
      probedAtMs: delivery.probedAtMs,
      inFlight: delivery.inFlightUntilMs !== null || this.#asking.has(delivery.id),
    };
  }

  #endLost(nowMs: number): void {
    for (const delivery of this.#store.deliveries.inFlight()) {
      if (isLost(delivery, nowMs)) this.#store.deliveries.save(lost(delivery, nowMs, this.#powers.random));
    }
  }

  /** A failing endpoint keeps what waits for it; once it answers again they come back, spread over all accounts. */
  #holdAndRelease(byId: ReadonlyMap<string, WebhookEndpointRow>, nowMs: number): void {
    for (const endpoint of this.#store.deliveries.awaitedEndpoints()) {
      const health = byId.get(endpoint)?.health;
      if (health?.status === 'failing') this.#store.deliveries.hold(endpoint);
      if (health?.status !== 'active') continue;
      const held = this.#store.deliveries.heldBy(endpoint);
      const { random } = this.#powers;
      const delays = isDraining(health, nowMs)
        ? drainDelaysMs({ waiting: health.waiting, own: held.length, random })
        : [];
      for (const [index, delivery] of held.entries()) {
        this.#store.deliveries.save(released(delivery, delays[index] ?? 0, nowMs));
      }
    }
  }

  /** Asked of every event that waits and has not left: an incident that is over, or a flapping one, is not told. */
  #suppress(nowMs: number): void {
    const unleft = this.#store.events.unleft();
    if (unleft.length === 0) return;
    for (const { n, suppressed } of unleft) {
      const told = this.#store.events.told(REMEMBERED_EVENTS);
      const event = told.find((one) => one.n === n);
      if (event === undefined) continue;
      const verdict = suppressionOf(event, told, nowMs);
      if (verdict.suppressed !== suppressed) this.#store.events.suppress(n, verdict.suppressed);
      if (!verdict.suppressed) continue;
      for (const delivery of this.#store.deliveries.waitingOf(n)) {
        // What an operator asked for is sent.
        if (delivery.askedAtMs !== delivery.createdAtMs) continue;
        const againAtMs = verdict.why === 'flapping' ? verdict.againAtMs : null;
        if (againAtMs === null) this.#withdraw(delivery, nowMs);
        else if (delivery.nextAttemptAtMs !== againAtMs) {
          this.#store.deliveries.save(putOff(delivery, againAtMs, nowMs));
        }
      }
    }
  }

  /** What nobody has seen waiting was never there; what lists may show stays, and can be asked for by an operator. */
  #withdraw(delivery: Delivery, nowMs: number): void {
    if (isUnseen(delivery)) this.#store.deliveries.drop(delivery.id);
    else this.#store.deliveries.save(failed(delivery, nowMs));
  }

  /** The row says that the attempt has begun before anything leaves. Inside a transaction. */
  #begin(
    id: string,
    byId: ReadonlyMap<string, WebhookEndpointRow>,
    dataKey: string | null,
    probing: boolean,
    nowMs: number,
  ): DeliveryRequest | null {
    const delivery = this.#store.deliveries.byId(id);
    const endpoint = byId.get(delivery?.endpoint ?? '');
    const event = delivery === null ? null : this.#store.events.byN(delivery.eventN);
    if (delivery === null || event === null || endpoint === undefined || dataKey === null) return null;
    if (delivery.status !== 'waiting' || delivery.inFlightUntilMs !== null) return null;
    const begun = started(delivery, probing, nowMs);
    this.#store.deliveries.save(begun);
    if (event.leftAtMs === null) this.#store.events.markLeft(event.n, nowMs);
    return {
      source: this.#powers.source,
      deliveryId: begun.id,
      attempt: begun.attempts,
      eventId: event.id,
      body: event.body,
      endpoint: endpoint.id,
      url: endpoint.url,
      secrets: secretsInForce(endpoint, nowMs),
      dataKey,
    };
  }

  /** One account probes; who does not get the lease looks again later. */
  async #probe(id: string, loaded: LoadedEndpoints): Promise<void> {
    try {
      const endpoint = this.#store.deliveries.byId(id)?.endpoint;
      if (endpoint === undefined) return;
      const mine = await this.#powers.directory.takeProbe(endpoint, this.#powers.now());
      if (!mine) return;
      const byId = new Map(loaded.endpoints.map((one) => [one.id, one]));
      const request = this.#powers.transaction(() =>
        this.#begin(id, byId, loaded.dataKey, true, this.#powers.now()),
      );
      if (request !== null) this.#handOver(request);
    } catch (error) {
      log('warn', 'an endpoint could not be probed', { delivery: id, error });
    } finally {
      this.#asking.delete(id);
    }
  }

  #handOver(request: DeliveryRequest): void {
    this.#powers.waitUntil(
      this.#powers.deliver(request).catch((error: unknown) => {
        // Its end may still be reported; if not, the row says when to look for it.
        log('warn', 'a delivery did not report back', { delivery: request.deliveryId, error });
      }),
    );
  }

  #change(id: string, change: (row: Delivery) => Delivery): void {
    const row = this.#store.deliveries.byId(id);
    if (row !== null) this.#store.deliveries.save(change(row));
  }
}

/**
 * What has not answered yet has at most half of the places, so that endpoints that hang hold no proven one. Of new ones,
 * which nobody has seen fail, a few are trusted in advance: where all endpoints are new, three that hang must not hold
 * the fourth, and one place is left for those that have proved themselves.
 */
function plannedEndpoints(
  endpoints: readonly WebhookEndpointRow[],
  waiting: readonly Delivery[],
): Map<string, PlannedEndpoint> {
  const wanted = new Set(
    waiting.toSorted((a, b) => Number(isOff(a)) - Number(isOff(b))).map(({ endpoint }) => endpoint),
  );
  const isNew = ({ health, lastOk }: WebhookEndpointRow) =>
    health.status === 'active' && !lastOk && health.failingSinceMs === null;
  const news = endpoints.filter(isNew).map(({ id }) => id);
  const trusted = new Set([...wanted].filter((id) => news.includes(id)).slice(0, TRUSTED_IN_ADVANCE));
  return new Map(
    endpoints.map(({ id, health, lastOk }) => [id, { ...health, lastOk: lastOk || trusted.has(id) }]),
  );
}

/** Those in flight first: who was trusted stays so until its attempt ends. */
function isOff(delivery: Delivery): boolean {
  return delivery.inFlightUntilMs === null;
}
