/**
 * Which waiting deliveries of one account leave now, and when to look again.
 *
 * Owns the two limits (one at a time per endpoint, six in all), which delivery goes first, and that trouble never takes
 * all the room. Refuses to send, to take a probe's lease and to count: what is in flight is an argument. It is asked
 * when something becomes due, when an event is made and when an attempt ends.
 */

import type { Random } from '#lib/clock.ts';
import { nextLookAtMs, probeAtMs, type EndpointHealth } from './endpoint-health.ts';
import { ANSWER_WITHIN_MS, GIVE_UP_AFTER_MS } from './retry.ts';

/** In all, of one account: the platform gives one request six outgoing connections. */
const IN_FLIGHT_LIMIT = 6;
/** An attempt whose end has not been told by then is looked for: its account may have been restarted. */
const LOST_AFTER_MS = 2 * ANSWER_WITHIN_MS;

/** A delivery that is waiting or in flight. */
export interface PlannedDelivery {
  readonly id: string;
  readonly endpoint: string;
  readonly dueAtMs: number;
  /** When it was made, or asked for again by an operator. */
  readonly createdAtMs: number;
  /** Its last probe, which was refused; null: it has not been one. */
  readonly probedAtMs: number | null;
  readonly inFlight: boolean;
}

/** What the plan needs of an endpoint. */
export interface PlannedEndpoint extends Pick<EndpointHealth, 'status' | 'nextProbeAtMs'> {
  /**
   * Its last attempt got a 2xx within a few seconds. False for a new one, which has still to show that it answers, and
   * better for one that always uses up its time: it takes a place like one that hangs.
   */
  readonly lastOk: boolean;
}

export interface DeliveryPlan {
  /** To be started now, in this order; at most one per endpoint. */
  readonly start: string[];
  /** Those of `start` that are probes: each needs its lease first, and stays where it is without. */
  readonly probes: string[];
  /** Their endpoint is deleted or disabled: nothing more is sent. */
  readonly drop: string[];
  /** Held by a failing endpoint for longer than the table of retries lasts: they have failed. */
  readonly giveUp: string[];
  /** When to plan again at the latest; null when nothing waits and nothing is in flight. */
  readonly wakeAtMs: number | null;
}

interface Candidate {
  readonly id: string;
  readonly endpoint: string;
  readonly probe: boolean;
  readonly trusted: boolean;
  readonly readyAtMs: number;
}

/**
 * Plans one moment.
 *
 * - Endpoints whose last attempt succeeded go first, then the rest, each by due time, oldest first.
 * - A failing endpoint gets its probe and nothing else. The probe is the oldest delivery, but one that was refused as a
 *   probe stands behind those that were not: an event that its receiver cannot digest must not keep the endpoint closed.
 * - What is not known to answer has at most half of the places, so that endpoints that hang hold no other.
 *
 * @param input.deliveries all that wait or are in flight; those of each endpoint may be cut to its oldest few
 * @param input.endpoints by id; one that is not there is deleted
 */
export function planDeliveries(input: {
  nowMs: number;
  deliveries: readonly PlannedDelivery[];
  endpoints: ReadonlyMap<string, PlannedEndpoint>;
  limitTotal?: number;
  random: Random;
}): DeliveryPlan {
  const { nowMs, deliveries, endpoints, limitTotal = IN_FLIGHT_LIMIT, random } = input;
  const drop: string[] = [];
  const giveUp: string[] = [];
  const oldest = new Map<string, PlannedDelivery>();
  const busy = new Set<string>();
  let total = 0;
  let untrusted = 0;

  for (const delivery of deliveries) {
    const endpoint = endpoints.get(delivery.endpoint);
    if (delivery.inFlight) {
      busy.add(delivery.endpoint);
      total += 1;
      if (!isTrusted(endpoint)) untrusted += 1;
    } else if (endpoint === undefined || endpoint.status === 'disabled') {
      drop.push(delivery.id);
    } else if (endpoint.status === 'failing' && nowMs - delivery.createdAtMs >= GIVE_UP_AFTER_MS) {
      giveUp.push(delivery.id);
    } else {
      const other = oldest.get(delivery.endpoint);
      const goesFirst = endpoint.status === 'failing' ? probesBefore : isDueBefore;
      if (other === undefined || goesFirst(delivery, other)) oldest.set(delivery.endpoint, delivery);
    }
  }

  const candidates = [...oldest.values()]
    .filter(({ endpoint }) => !busy.has(endpoint))
    .map((delivery) => candidateOf(delivery, endpoints.get(delivery.endpoint), nowMs));
  const untrustedLimit = Math.max(1, Math.floor(limitTotal / 2));
  const start: Candidate[] = [];
  for (const candidate of candidates.filter(({ readyAtMs }) => readyAtMs <= nowMs).toSorted(byTurn)) {
    if (total >= limitTotal || (!candidate.trusted && untrusted >= untrustedLimit)) continue;
    start.push(candidate);
    total += 1;
    if (!candidate.trusted) untrusted += 1;
  }

  const later = candidates
    .filter(({ readyAtMs }) => readyAtMs > nowMs)
    .map(({ endpoint, probe, readyAtMs }) =>
      probe ? nextLookAtMs(endpoints.get(endpoint) ?? { nextProbeAtMs: null }, nowMs, random) : readyAtMs,
    );
  if (total > 0) later.push(nowMs + LOST_AFTER_MS);
  return {
    start: start.map(({ id }) => id),
    probes: start.filter(({ probe }) => probe).map(({ id }) => id),
    drop,
    giveUp,
    wakeAtMs: later.length === 0 ? null : Math.min(...later),
  };
}

function isTrusted(endpoint: PlannedEndpoint | undefined): boolean {
  return endpoint?.status === 'active' && endpoint.lastOk;
}

function candidateOf(
  delivery: PlannedDelivery,
  endpoint: PlannedEndpoint | undefined,
  nowMs: number,
): Candidate {
  const probe = endpoint?.status === 'failing';
  return {
    id: delivery.id,
    endpoint: delivery.endpoint,
    probe,
    trusted: isTrusted(endpoint),
    readyAtMs: probe ? probeAtMs(endpoint, nowMs) : delivery.dueAtMs,
  };
}

function byTurn(left: Candidate, right: Candidate): number {
  if (left.trusted !== right.trusted) return left.trusted ? -1 : 1;
  return left.readyAtMs - right.readyAtMs;
}

function isDueBefore(left: PlannedDelivery, right: PlannedDelivery): boolean {
  if (left.dueAtMs !== right.dueAtMs) return left.dueAtMs < right.dueAtMs;
  return left.createdAtMs < right.createdAtMs;
}

function probesBefore(left: PlannedDelivery, right: PlannedDelivery): boolean {
  const leftProbedAtMs = left.probedAtMs ?? -Infinity;
  const rightProbedAtMs = right.probedAtMs ?? -Infinity;
  if (leftProbedAtMs !== rightProbedAtMs) return leftProbedAtMs < rightProbedAtMs;
  return left.createdAtMs < right.createdAtMs;
}
