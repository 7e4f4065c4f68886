/**
 * What happens to one delivery: an attempt starts, ends, is lost; it is dropped, put off, asked for again. Pure: a
 * function takes the row as it is and returns the row as it should be; what may leave when is planned elsewhere.
 */

import type { Random } from '#lib/clock.ts';
import type { DeliveryReport } from '#webhooks/delivery-request.ts';
import { judgeAnswer, nextAttempt, type Judgement } from '#webhooks/retry.ts';
import type { Delivery } from './tables/rows.ts';

/**
 * How long an attempt may stay without an end. The platform ends the work of the Deliverer after 30 s; an attempt that
 * has not reported by then never will.
 */
export const IN_FLIGHT_MS = 30_000;

/** A delivery that has just been made; it is due. */
export function newDelivery(
  made: Pick<Delivery, 'id' | 'eventN' | 'endpoint' | 'organization'>,
  nowMs: number,
): Delivery {
  return {
    ...made,
    status: 'waiting',
    attempts: 0,
    tries: 0,
    nextAttemptAtMs: nowMs,
    lastStatus: null,
    lastFailure: null,
    createdAtMs: nowMs,
    askedAtMs: nowMs,
    deliveredAtMs: null,
    inFlightUntilMs: null,
    probing: false,
    probedAtMs: null,
    held: false,
    indexed: false,
    updatedAtMs: nowMs,
  };
}

/** Never falls, also where the clock does: the directory's index takes no older row over a newer one. */
function touched(delivery: Delivery, change: Partial<Delivery>, nowMs: number): Delivery {
  return { ...delivery, ...change, updatedAtMs: Math.max(nowMs, delivery.updatedAtMs) };
}

/** As it was made: not tried, not put off, not in any list. */
export function isUnseen({ attempts, createdAtMs, updatedAtMs, indexed }: Delivery): boolean {
  return attempts === 0 && updatedAtMs === createdAtMs && !indexed;
}

/** Its next attempt starts. A probe of a failing endpoint is none of the table's tries. */
export function started(delivery: Delivery, probing: boolean, nowMs: number): Delivery {
  const { attempts, tries } = delivery;
  const change = { attempts: attempts + 1, tries: tries + (probing ? 0 : 1), probing };
  return touched(delivery, { ...change, inFlightUntilMs: nowMs + IN_FLIGHT_MS }, nowMs);
}

/**
 * Whether its attempt can no longer report. An attempt that should end later than any can was started by another clock.
 */
export function isLost({ inFlightUntilMs }: Delivery, nowMs: number): boolean {
  if (inFlightUntilMs === null) return false;
  return inFlightUntilMs <= nowMs || inFlightUntilMs > nowMs + IN_FLIGHT_MS;
}

/**
 * It is unknown whether the attempt arrived: the delivery is due again, under the same id, as often as the table has
 * tries.
 */
export function lost(delivery: Delivery, nowMs: number, random: Random): Delivery {
  const next = nextAttempt({ attempts: delivery.tries, nowMs, random });
  if (next.kind === 'failed') return failed(delivery, nowMs);
  return touched(delivery, { inFlightUntilMs: null, nextAttemptAtMs: nowMs }, nowMs);
}

/** It is not tried any more, until an operator asks for it. */
export function failed(delivery: Delivery, nowMs: number): Delivery {
  const over = { nextAttemptAtMs: null, inFlightUntilMs: null, held: false };
  return touched(delivery, { status: 'failed', ...over }, nowMs);
}

/** Not before `atMs`. */
export function putOff(delivery: Delivery, atMs: number, nowMs: number): Delivery {
  return touched(delivery, { nextAttemptAtMs: atMs }, nowMs);
}

/** Its endpoint answers again: the delivery comes back at `atMs`, regardless of the table of retries. */
export function released(delivery: Delivery, atMs: number, nowMs: number): Delivery {
  return touched(delivery, { nextAttemptAtMs: atMs, held: false }, nowMs);
}

/**
 * An operator asks for it again: due now, with a new table of retries. While an attempt is in flight that attempt is
 * the answer.
 */
export function askedAgain(delivery: Delivery, nowMs: number): Delivery {
  if (delivery.inFlightUntilMs !== null) return delivery;
  const anew = { tries: 0, nextAttemptAtMs: nowMs, deliveredAtMs: null, probedAtMs: null, held: false };
  // Never the time that it was made: that tells the two apart.
  const askedAtMs = Math.max(nowMs, delivery.createdAtMs + 1);
  return touched(delivery, { status: 'waiting', ...anew, askedAtMs }, nowMs);
}

export interface Ended {
  /** Null: nothing to write. */
  readonly delivery: Delivery | null;
  /** What the attempt says of the endpoint; null: nothing, or nothing new. */
  readonly verdict: Judgement | null;
}

/**
 * The delivery after a report. Reports come at least once and late: of an attempt that is not in flight any more only
 * its success is welcome, since the receiver has the event then.
 */
export function ended(delivery: Delivery, report: DeliveryReport, nowMs: number, random: Random): Ended {
  const { result, attempt } = report;
  const judgement = result.kind === 'unsent' ? 'refused' : judgeAnswer(result);
  const present = delivery.inFlightUntilMs !== null && attempt === delivery.attempts;
  const welcome =
    judgement === 'delivered' && delivery.status !== 'delivered' && attempt <= delivery.attempts;
  if (!present && !welcome) return { delivery: null, verdict: null };

  const told =
    result.kind === 'response'
      ? { lastStatus: result.status, lastFailure: null }
      : { lastStatus: null, lastFailure: result.reason };
  const landed = touched(delivery, { inFlightUntilMs: null, ...told }, nowMs);
  return {
    delivery: after(judgement, landed, nowMs, random),
    verdict: result.kind === 'unsent' ? null : judgement,
  };
}

function after(judgement: Judgement, landed: Delivery, nowMs: number, random: Random): Delivery {
  switch (judgement) {
    case 'delivered':
      return { ...landed, status: 'delivered', deliveredAtMs: nowMs, nextAttemptAtMs: null, held: false };
    case 'gone':
      return failed(landed, nowMs);
    case 'refused': {
      if (landed.probing) return { ...landed, probedAtMs: nowMs };
      const next = nextAttempt({ attempts: landed.tries, nowMs, random });
      return next.kind === 'failed' ? failed(landed, nowMs) : { ...landed, nextAttemptAtMs: next.atMs };
    }
  }
}
