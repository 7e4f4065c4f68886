/** One delivery through its attempts: counted, retried, lost, told late. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askedAgain,
  ended,
  failed,
  IN_FLIGHT_MS,
  isLost,
  isUnseen,
  lost,
  newDelivery,
  released,
  started,
} from '#outbox/attempt.ts';
import type { Delivery } from '#outbox/tables/rows.ts';
import type { DeliveryOutcome } from '#webhooks/delivery-request.ts';
import { RETRY_AFTER_MS } from '#webhooks/retry.ts';

const NOW_MS = 1_800_000_000_000;
const middle = () => 0.5;
const made = newDelivery({ id: 'wd_1', eventN: 1, endpoint: 'we_1', organization: '' }, NOW_MS);

const report = (attempt: number, result: DeliveryOutcome) => ({
  deliveryId: 'wd_1',
  attempt,
  result,
  durationMs: 10,
});
const status = (code: number): DeliveryOutcome => ({ kind: 'response', status: code });

/** The delivery after its attempt has ended so. */
function after(delivery: Delivery, result: DeliveryOutcome, probing = false): Delivery {
  const begun = started(delivery, probing, NOW_MS);
  return ended(begun, report(begun.attempts, result), NOW_MS, middle).delivery ?? begun;
}

describe('an attempt', () => {
  it.each<[DeliveryOutcome, string, string | null]>([
    [status(200), 'delivered', 'delivered'],
    [status(299), 'delivered', 'delivered'],
    [status(302), 'waiting', 'refused'],
    [status(410), 'failed', 'gone'],
    [status(500), 'waiting', 'refused'],
    [{ kind: 'failure', reason: 'timeout' }, 'waiting', 'refused'],
    // Our own fault says nothing of the endpoint.
    [{ kind: 'unsent', reason: 'vault_locked' }, 'waiting', null],
  ])('that ends with %o leaves the delivery %s', (result, wanted, verdict) => {
    const begun = started(made, false, NOW_MS);
    const end = ended(begun, report(1, result), NOW_MS, middle);
    expect(end.delivery).toMatchObject({ status: wanted, attempts: 1, inFlightUntilMs: null });
    expect(end.verdict).toBe(verdict);
    expect(end.delivery?.lastStatus).toBe(result.kind === 'response' ? result.status : null);
    expect(end.delivery?.lastFailure).toBe(result.kind === 'response' ? null : result.reason);
  });

  it('is tried as often as the table has rows, and then has failed', () => {
    let delivery = made;
    for (const waitMs of RETRY_AFTER_MS) {
      delivery = after(delivery, status(500));
      expect(delivery).toMatchObject({ status: 'waiting', nextAttemptAtMs: NOW_MS + waitMs * 1.1 });
    }
    expect(after(delivery, status(500))).toMatchObject({
      status: 'failed',
      nextAttemptAtMs: null,
      attempts: 10,
    });
  });

  it('that is a probe costs no row of the table', () => {
    let delivery = after(made, status(500));
    const due = delivery.nextAttemptAtMs;
    for (let n = 0; n < 50; n += 1) delivery = after(delivery, status(500), true);
    expect(delivery).toMatchObject({ status: 'waiting', tries: 1, attempts: 51, probedAtMs: NOW_MS });
    expect(delivery.nextAttemptAtMs).toBe(due);
  });
});

describe('a report', () => {
  it('counts once, however often it comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ attempt: fc.nat(4), code: fc.constantFrom(200, 410, 500) }), { maxLength: 20 }),
        (reports) => {
          let delivery: Delivery = started(made, false, NOW_MS);
          const arrived = new Set<number>();
          for (const { attempt, code } of reports) {
            const end = ended(delivery, report(attempt, status(code)), NOW_MS, middle);
            const before = delivery;
            if (end.delivery !== null) {
              expect(attempt).toBeLessThanOrEqual(before.attempts);
              delivery = end.delivery;
              if (delivery.status === 'delivered') arrived.add(attempt);
            }
            // What was delivered stays so, whatever else is told.
            if (before.status === 'delivered') expect(end).toEqual({ delivery: null, verdict: null });
          }
          expect(arrived.size).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('of success is welcome late; of failure it is not', () => {
    const again = started(lost(started(made, false, NOW_MS), NOW_MS, middle), false, NOW_MS);
    expect(ended(again, report(1, status(500)), NOW_MS, middle).delivery).toBeNull();
    expect(ended(again, report(1, status(200)), NOW_MS, middle).delivery).toMatchObject({
      status: 'delivered',
      inFlightUntilMs: null,
    });
    expect(ended(failed(again, NOW_MS), report(2, status(200)), NOW_MS, middle).delivery).toMatchObject({
      status: 'delivered',
    });
  });
});

describe('an attempt that never ends', () => {
  it('is lost after half a minute, and when its end lies further ahead than any can', () => {
    const begun = started(made, false, NOW_MS);
    expect(isLost(begun, NOW_MS + IN_FLIGHT_MS - 1)).toBe(false);
    expect(isLost(begun, NOW_MS + IN_FLIGHT_MS)).toBe(true);
    expect(isLost(begun, NOW_MS - 1)).toBe(true);
    expect(isLost(made, NOW_MS)).toBe(false);
  });

  it('is due again at once, and not for ever', () => {
    let delivery = made;
    let rounds = 0;
    while (delivery.status === 'waiting') {
      expect(delivery.nextAttemptAtMs).toBe(NOW_MS);
      delivery = lost(started(delivery, false, NOW_MS), NOW_MS, middle);
      rounds += 1;
    }
    expect(rounds).toBe(RETRY_AFTER_MS.length + 1);
  });
});

describe('a delivery', () => {
  it('asked for again begins a new table, unless it is in flight', () => {
    const over = after(made, status(410));
    expect(askedAgain(over, NOW_MS + 5)).toMatchObject({
      status: 'waiting',
      tries: 0,
      attempts: 1,
      nextAttemptAtMs: NOW_MS + 5,
      askedAtMs: NOW_MS + 5,
      createdAtMs: NOW_MS,
    });
    const begun = started(made, false, NOW_MS);
    expect(askedAgain(begun, NOW_MS + 5)).toBe(begun);
    // Also where the clock stood still.
    expect(askedAgain(made, NOW_MS).askedAtMs).not.toBe(made.createdAtMs);
  });

  it('was seen by nobody until it is tried, put off or listed', () => {
    expect(isUnseen(made)).toBe(true);
    expect(isUnseen({ ...made, indexed: true })).toBe(false);
    expect(isUnseen(started(made, false, NOW_MS))).toBe(false);
    expect(isUnseen(released(made, 1, NOW_MS + 1))).toBe(false);
  });

  it('never says that it changed earlier than it did, also where the clock is set back', () => {
    const begun = started(made, false, NOW_MS - 60_000);
    expect(begun.updatedAtMs).toBe(NOW_MS);
    expect(failed(begun, NOW_MS + 1).updatedAtMs).toBe(NOW_MS + 1);
  });
});
