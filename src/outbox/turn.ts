/**
 * One moment of an outbox: what became of attempts that were lost, what a failing endpoint keeps back or gives back, what
 * is not told any more, and then the plan of what leaves now, written to the rows. Synchronous, inside a transaction;
 * the plan itself is `webhooks/plan-deliveries.ts`'s. Sends nothing.
 */

import { secretsInForce, type WebhookEndpointRow } from '#directory/webhooks/webhook-endpoint-row.ts';
import type { LoadedEndpoints } from '#directory/webhooks/webhook-settings.ts';
import type { Random } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { DeliveryHolder, DeliveryRequest } from '#webhooks/delivery-request.ts';
import { planDeliveries, type PlannedDelivery, type PlannedEndpoint } from '#webhooks/plan-deliveries.ts';
import { failed, isLost, isUnseen, lost, putOff, released, started } from './attempt.ts';
import type { Awaited } from './tables/delivery-table.ts';
import { isAuthentic } from './tables/event-mac.ts';
import { hears } from './receivers.ts';
import type { Delivery } from './tables/rows.ts';
import type { OutboxStore } from './tables/store.ts';
import { canBeSuppressed, suppressionOf } from './suppression.ts';

/** Of each endpoint; one of them leaves at a time. */
const LOOKED_AT = 20;
/** Together with the half that is not trusted they leave one place of six. */
const TRUSTED_IN_ADVANCE = 2;
/** From an incident's opening to its end there are a few events, however long it lasts. */
const REMEMBERED_EVENTS = 200;
/** What waits for a row that cannot be trusted is looked at again then. */
const UNTRUSTED_LOOK_MS = 10 * 60_000;
/** The directory gave no places: it is asked again then. */
const UNPLACED_LOOK_MS = 5_000;

export interface Moment {
  readonly store: OutboxStore;
  readonly source: DeliveryHolder;
  readonly loaded: LoadedEndpoints;
  /** Key of the events' MACs. */
  readonly mac: Uint8Array;
  /** Deliveries whose probe is being asked for: as good as in flight. */
  readonly asking: ReadonlySet<string>;
  /** Of endpoints that answer again: when what they kept back may leave, oldest first. */
  readonly places: ReadonlyMap<string, readonly number[]>;
  readonly nowMs: number;
  readonly random: Random;
}

export interface Turn {
  /** Their rows say that they have begun. */
  readonly start: readonly DeliveryRequest[];
  /** Deliveries that may leave when the lease of their endpoint's probe is theirs. */
  readonly probes: readonly string[];
  /** When to look again; null: nothing waits. */
  readonly wakeAtMs: number | null;
}

export function takeTurn(moment: Moment): Turn {
  const { store, loaded, nowMs, random } = moment;
  endLost(moment);
  holdAndRelease(moment);
  const heldBack = suppress(moment);

  const all = candidates(moment);
  const trusted = all.filter(({ endpoint }) => !loaded.untrusted.includes(endpoint));
  const answering = new Set(
    loaded.endpoints.flatMap(({ id, health }) => (health.status === 'active' ? [id] : [])),
  );
  /** Kept back by an endpoint that answers again, and without a place so far. */
  const unplaced = ({ held, endpoint, inFlightUntilMs }: Delivery) =>
    held && inFlightUntilMs === null && answering.has(endpoint);
  const ready = trusted.filter(
    (one) => one.inFlightUntilMs !== null || (!heldBack.has(one.eventN) && !unplaced(one)),
  );
  const plan = planDeliveries({
    nowMs,
    deliveries: ready.map((delivery) => planned(delivery, moment)),
    endpoints: plannedEndpoints(loaded.endpoints, ready),
    random,
  });
  for (const delivery of withTheirs(moment, plan.drop)) store.deliveries.save(failed(delivery, nowMs));
  for (const id of plan.giveUp) {
    const delivery = store.deliveries.byId(id);
    if (delivery !== null) store.deliveries.save(failed(delivery, nowMs));
  }
  const wakes = [
    ...(plan.wakeAtMs === null ? [] : [plan.wakeAtMs]),
    ...heldBack.values(),
    ...(trusted.length < all.length ? [nowMs + UNTRUSTED_LOOK_MS] : []),
    ...(trusted.some(unplaced) ? [nowMs + UNPLACED_LOOK_MS] : []),
    // Of many that are given up the plan has seen the first few.
    ...(plan.giveUp.length > 0 ? [nowMs] : []),
  ];
  return {
    start: plan.start
      .filter((id) => !plan.probes.includes(id))
      .flatMap((id) => begin(id, false, moment) ?? []),
    probes: plan.probes,
    wakeAtMs: wakes.length === 0 ? null : Math.min(...wakes),
  };
}

/** The deliveries that a plan is made from: all in flight, and of each endpoint those that could leave next. */
function candidates({ store, loaded }: Moment): Delivery[] {
  const failing = new Set(
    loaded.endpoints.flatMap(({ id, health }) => (health.status === 'failing' ? [id] : [])),
  );
  const found = [
    ...store.deliveries.inFlight(),
    ...store.deliveries
      .awaited()
      .flatMap((endpoint) =>
        failing.has(endpoint.id)
          ? store.deliveries.probesFirst(endpoint, LOOKED_AT)
          : store.deliveries.dueFirst(endpoint, LOOKED_AT),
      ),
  ];
  return [...new Map(found.map((delivery) => [delivery.id, delivery])).values()].toSorted(
    (a, b) => a.eventN - b.eventN,
  );
}

function planned(delivery: Delivery, { asking }: Moment): PlannedDelivery {
  return {
    id: delivery.id,
    endpoint: delivery.endpoint,
    dueAtMs: delivery.nextAttemptAtMs ?? 0,
    createdAtMs: delivery.askedAtMs,
    probedAtMs: delivery.probedAtMs,
    inFlight: delivery.inFlightUntilMs !== null || asking.has(delivery.id),
  };
}

/**
 * Endpoints that have not answered yet have at most half of the places, so that hanging endpoints hold up no proven
 * endpoint. Of new endpoints, which have never failed, a few are trusted in advance: where all endpoints are new, three
 * that hang must not hold up the fourth, and one place is left for proven endpoints.
 */
function plannedEndpoints(
  endpoints: readonly WebhookEndpointRow[],
  waiting: readonly Delivery[],
): Map<string, PlannedEndpoint> {
  const isNew = ({ health, lastOk }: WebhookEndpointRow) =>
    health.status === 'active' && !lastOk && health.failingSinceMs === null;
  const unproven = new Set(endpoints.filter(isNew).map(({ id }) => id));
  // Deliveries in flight first: a trusted endpoint stays trusted until its attempt ends.
  const wanted = waiting.toSorted((a, b) => Number(isWaiting(a)) - Number(isWaiting(b)));
  const unprovenWanted = new Set(wanted.map(({ endpoint }) => endpoint).filter((id) => unproven.has(id)));
  const trusted = new Set([...unprovenWanted].slice(0, TRUSTED_IN_ADVANCE));
  return new Map(
    endpoints.map(({ id, health, lastOk }) => [id, { ...health, lastOk: lastOk || trusted.has(id) }]),
  );
}

function isWaiting(delivery: Delivery): boolean {
  return delivery.inFlightUntilMs === null;
}

/** An endpoint that is gone takes with it all that waits for it, not just what was looked at. */
function withTheirs({ store }: Moment, dropped: readonly string[]): Delivery[] {
  const endpoints = new Map<string, Awaited>();
  for (const id of dropped) {
    const delivery = store.deliveries.byId(id);
    if (delivery === null) continue;
    const { endpoint, organization } = delivery;
    endpoints.set(endpoint, { id: endpoint, organization });
  }
  return [...endpoints.values()].flatMap((endpoint) =>
    store.deliveries.waitingFor(endpoint).filter(isWaiting),
  );
}

function endLost({ store, nowMs, random }: Moment): void {
  for (const delivery of store.deliveries.inFlight()) {
    if (isLost(delivery, nowMs)) store.deliveries.save(lost(delivery, nowMs, random));
  }
}

/** A failing endpoint keeps what waits for it; once it answers again they come back, each at the place taken for it. */
function holdAndRelease({ store, loaded, places, nowMs }: Moment): void {
  const healths = new Map(loaded.endpoints.map(({ id, health }) => [id, health]));
  for (const endpoint of store.deliveries.awaited()) {
    const health = healths.get(endpoint.id);
    if (health?.status === 'failing') store.deliveries.hold(endpoint);
    const own = health?.status === 'active' ? places.get(endpoint.id) : undefined;
    if (own === undefined) continue;
    // A delivery kept back since the places were counted takes its place with the next look.
    for (const [index, delivery] of store.deliveries.heldBy(endpoint).slice(0, own.length).entries()) {
      store.deliveries.save(released(delivery, own[index] ?? nowMs, nowMs));
    }
  }
}

/**
 * Asked of every event that waits and has not left: an event whose incident is over is withdrawn, an event of a
 * flapping account is held back. Returns the latter with the time at which they are asked about again.
 */
function suppress({ store, nowMs }: Moment): Map<number, number> {
  const heldBack = new Map<number, number>();
  const told = store.events.told(REMEMBERED_EVENTS);
  for (const [index, event] of told.entries()) {
    if (event.leftAtMs !== null || !canBeSuppressed(event)) continue;
    // A delivery that an operator asked for is sent.
    const waiting = store.deliveries.waitingOf(event.n).filter((row) => row.askedAtMs === row.createdAtMs);
    if (waiting.length === 0) continue;
    const verdict = suppressionOf(event, told, nowMs);
    if (verdict.suppressed !== event.suppressed) store.events.suppress(event.n, verdict.suppressed);
    told[index] = { ...event, suppressed: verdict.suppressed };
    if (!verdict.suppressed) continue;
    if (verdict.why !== 'flapping') {
      for (const delivery of waiting) withdraw(store, delivery, nowMs);
      continue;
    }
    const { againAtMs } = verdict;
    heldBack.set(event.n, againAtMs);
    for (const delivery of waiting) {
      if (delivery.nextAttemptAtMs !== againAtMs) store.deliveries.save(putOff(delivery, againAtMs, nowMs));
    }
  }
  return heldBack;
}

/**
 * A delivery that no list has shown waiting is dropped; a delivery that lists may show stays, and an operator can ask
 * for it.
 */
function withdraw(store: OutboxStore, delivery: Delivery, nowMs: number): void {
  if (isUnseen(delivery)) store.deliveries.drop(delivery.id);
  else store.deliveries.save(failed(delivery, nowMs));
}

/**
 * The row says that the attempt has begun before anything leaves. Null where the delivery is not there to be sent any
 * more, or is of an event that was changed from outside the broker. Inside a transaction.
 */
export function begin(id: string, probing: boolean, moment: Moment): DeliveryRequest | null {
  const { store, loaded, mac, source, nowMs } = moment;
  const delivery = store.deliveries.byId(id);
  const event = delivery === null ? null : store.events.byN(delivery.eventN);
  const endpoint = loaded.endpoints.find((one) => one.id === delivery?.endpoint);
  if (delivery === null || event === null || endpoint === undefined || loaded.dataKey === null) return null;
  if (delivery.status !== 'waiting' || delivery.inFlightUntilMs !== null) return null;
  if (!isAuthentic(mac, event) || !hears(endpoint, event.organization)) {
    log('error', 'an event was changed outside the broker and is not sent', { event: event.id });
    store.deliveries.save(failed(delivery, nowMs));
    return null;
  }
  const begun = started(delivery, probing, nowMs);
  store.deliveries.save(begun);
  if (event.leftAtMs === null) store.events.markLeft(event.n, nowMs);
  return {
    source,
    deliveryId: begun.id,
    attempt: begun.attempts,
    eventId: event.id,
    body: event.body,
    endpoint: endpoint.id,
    url: endpoint.url,
    secrets: secretsInForce(endpoint, nowMs),
    dataKey: loaded.dataKey,
  };
}
