/**
 * The health of one endpoint, as the directory keeps it for all accounts that send to it.
 *
 * Owns when an endpoint counts as failing, which account may probe it, and how fast the waiting deliveries come back.
 * Refuses storage and clock: a function takes the row as it is and returns the row as it should be, the same object
 * where there is nothing to write. Concurrent writers need a conditional UPDATE on what was read.
 */

import type { Random } from '#lib/clock.ts';

/** A day's outage costs the receiver 144 calls, and its end is noticed within ten minutes. */
const PROBE_EVERY_MS = 10 * 60_000;
/** Over this time the accounts that wait for a probe wake, so that they do not ask the directory in one instant. */
const WAKE_SPREAD_MS = 15_000;
/** How long a taken probe keeps the next one away: the latest wake for that is then ten minutes after this one. */
const PROBE_LEASE_MS = PROBE_EVERY_MS - WAKE_SPREAD_MS;
/** After a probe left, its result is in the directory: the limit of one attempt and the way back. */
const PROBE_RESULT_MS = 20_000;
/**
 * A second refusal counts when it comes this much after the first. Just below the five seconds of the first retry, which
 * therefore always counts, and above what fails together: a hundred accounts whose deliveries met one restart are one
 * piece of news, not a hundred.
 */
const SECOND_REFUSAL_MS = 4_000;
/** Ten a second: what a receiver that has just come back can bear. */
export const DRAIN_GAP_MS = 100;
/** Machines' clocks differ a little; a probe that lies further ahead than this beyond its time was set by a wrong one. */
const CLOCK_SLACK_MS = 60_000;

/** An endpoint as one row of the directory. All times are epoch milliseconds. */
export interface EndpointHealth {
  readonly status: 'active' | 'failing' | 'disabled';
  /** First refusal since the last 2xx; null: the last attempt was delivered, or there was none. */
  readonly failingSinceMs: number | null;
  /** While failing: not probed before. Moving it forward is the lease of a probe. */
  readonly nextProbeAtMs: number | null;
  /**
   * While the waiting deliveries come back: up to when their places have been given away (see `drainTimes`), and until
   * when an account may still find some to bring back.
   */
  readonly drainFromMs: number | null;
  readonly drainUntilMs: number | null;
  /** Deliveries held while failing, as accounts reported; stays as it was at the first 2xx while they come back. */
  readonly waiting: number;
}

/** A new endpoint, and one that its operator has enabled again. */
export const HEALTHY: EndpointHealth = {
  status: 'active',
  failingSinceMs: null,
  nextProbeAtMs: null,
  drainFromMs: null,
  drainUntilMs: null,
  waiting: 0,
};

/**
 * After a refused attempt of any delivery. Two in a row, seconds apart, make an endpoint failing: one may be a restart,
 * and waiting for a third would cost five minutes in which every account tries in vain. Of one delivery that is the
 * first attempt and its retry.
 */
export function afterFailure(endpoint: EndpointHealth, nowMs: number): EndpointHealth {
  // The probe was paid for when it was taken; a straggler that began before says nothing new.
  if (endpoint.status !== 'active') return endpoint;
  const sinceMs = endpoint.failingSinceMs;
  // A first refusal in the future was written before the clock was set back: the count starts anew.
  if (sinceMs === null || sinceMs > nowMs) return { ...endpoint, failingSinceMs: nowMs };
  if (nowMs - sinceMs < SECOND_REFUSAL_MS) return endpoint;
  return {
    status: 'failing',
    failingSinceMs: sinceMs,
    nextProbeAtMs: nowMs + PROBE_LEASE_MS,
    drainFromMs: null,
    drainUntilMs: null,
    // Those that had not left yet wait on. Too high a number only makes them slower.
    waiting: isDraining(endpoint, nowMs) ? endpoint.waiting : 0,
  };
}

/** After a 2xx. The first one of a failing endpoint opens it for all, and starts the way back of what waits. */
export function afterSuccess(endpoint: EndpointHealth, nowMs: number): EndpointHealth {
  if (endpoint.status === 'disabled') return endpoint;
  if (endpoint.status === 'active') {
    return endpoint.failingSinceMs === null ? endpoint : { ...endpoint, failingSinceMs: null };
  }
  return {
    status: 'active',
    failingSinceMs: null,
    nextProbeAtMs: null,
    drainFromMs: nowMs,
    drainUntilMs: nowMs + PROBE_EVERY_MS + drainWindowMs(endpoint.waiting),
    waiting: endpoint.waiting,
  };
}

/** After a 410: the receiver says that it is gone for good. */
export function afterGone(endpoint: EndpointHealth): EndpointHealth {
  if (endpoint.status === 'disabled') return endpoint;
  return { ...HEALTHY, status: 'disabled', failingSinceMs: endpoint.failingSinceMs };
}

/** Whether deliveries held while it was failing may still be on their way back. */
export function isDraining(endpoint: EndpointHealth, nowMs: number): boolean {
  const { status, drainFromMs, drainUntilMs } = endpoint;
  if (status !== 'active' || drainFromMs === null || drainUntilMs === null) return false;
  return nowMs < drainUntilMs;
}

/** The part of an endpoint's health that says when its next probe is due. */
export type ProbeTime = Pick<EndpointHealth, 'nextProbeAtMs'>;

/** When a failing endpoint may be probed; `nowMs` or before: now. */
export function probeAtMs(endpoint: ProbeTime, nowMs: number): number {
  const atMs = endpoint.nextProbeAtMs;
  return atMs === null || atMs > nowMs + PROBE_EVERY_MS + CLOCK_SLACK_MS ? nowMs : atMs;
}

/** May this endpoint be probed now? The prober has to take the lease first (`takeProbe`). */
export function mayProbe(endpoint: EndpointHealth, nowMs: number): boolean {
  return endpoint.status === 'failing' && probeAtMs(endpoint, nowMs) <= nowMs;
}

/**
 * The row of an endpoint whose probe is taken: to be written only where `nextProbeAtMs` is still what was read, so that
 * one account probes and the others wait. An account that dies with the lease costs one probe.
 */
export function takeProbe(endpoint: EndpointHealth, nowMs: number): EndpointHealth {
  return { ...endpoint, nextProbeAtMs: nowMs + PROBE_LEASE_MS };
}

/**
 * When an account that has something for a failing endpoint looks at it again: first for the result of the probe in
 * flight, so that a recovery is known to all within a minute, then for the next probe.
 */
export function nextLookAtMs(endpoint: ProbeTime, nowMs: number, random: Random): number {
  const atMs = probeAtMs(endpoint, nowMs);
  const resultAtMs = atMs - PROBE_LEASE_MS + PROBE_RESULT_MS;
  const lookAtMs = resultAtMs > nowMs ? resultAtMs : atMs;
  return Math.max(nowMs, lookAtMs) + Math.floor(random() * WAKE_SPREAD_MS);
}

function drainWindowMs(waiting: number): number {
  return Math.max(0, waiting) * DRAIN_GAP_MS;
}

/**
 * When an account's own waiting deliveries leave, oldest first, once their endpoint is back. All of them, due or not:
 * those that wait for a late retry come back with the rest.
 *
 * Each has a tenth of a second to itself. The endpoint's row says up to when such tenths have been given away
 * (`drainFromMs`); an account takes as many as it needs, behind those of all others, so that all accounts together send
 * no more than ten a second. That is within 20 minutes for up to 12,000; more take longer, since the rate is what
 * protects the receiver.
 *
 * @param input.takenUntilMs of the endpoint's row, before these were taken; null: none are taken
 * @param input.own how many of them are this account's
 * @returns `atMs` in whole milliseconds, rising; `takenUntilMs` for the row
 */
export function drainTimes(input: { takenUntilMs: number | null; own: number; nowMs: number }): {
  readonly atMs: number[];
  readonly takenUntilMs: number;
} {
  const { own, nowMs } = input;
  const fromMs = Math.max(nowMs, input.takenUntilMs ?? nowMs);
  const atMs = Array.from({ length: own }, (_, index) => fromMs + (index + 1) * DRAIN_GAP_MS);
  return { atMs, takenUntilMs: atMs.at(-1) ?? fromMs };
}
