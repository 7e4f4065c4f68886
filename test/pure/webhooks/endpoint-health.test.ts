import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  afterGone,
  afterSuccess,
  drainTimes,
  HEALTHY,
  isDraining,
  mayProbe,
  nextLookAtMs,
  takeProbe,
  type EndpointHealth,
} from '#webhooks/endpoint-health.ts';
import { anyDraw, DAY, HOUR, MINUTE, NOW, SECOND } from './given.ts';

/** Refused at NOW and at the first retry. */
const FAILING = afterFailure(afterFailure(HEALTHY, NOW), NOW + 5 * SECOND);
const failing = (row: Partial<EndpointHealth>): EndpointHealth => ({ ...FAILING, ...row });

describe('an endpoint', () => {
  it('is failing after two refusals in a row, the first retry being the second', () => {
    expect(afterFailure(HEALTHY, NOW).status).toBe('active');
    expect(FAILING).toMatchObject({ status: 'failing', failingSinceMs: NOW });
  });

  it('is not failing because many deliveries met one restart', () => {
    let endpoint = HEALTHY;
    for (let index = 0; index < 100; index += 1) endpoint = afterFailure(endpoint, NOW + index * 20);
    expect(endpoint.status).toBe('active');
    expect(afterFailure(endpoint, NOW + 5 * SECOND).status).toBe('failing');
  });

  it('is not failing when a delivery came through between two refusals', () => {
    const between = afterSuccess(afterFailure(HEALTHY, NOW), NOW + SECOND);
    expect(between).toEqual(HEALTHY);
    expect(afterFailure(between, NOW + 5 * SECOND).status).toBe('active');
  });

  it('is active again with the first 2xx', () => {
    const back = afterSuccess(failing({ waiting: 600 }), NOW + HOUR);
    expect(back).toMatchObject({ status: 'active', failingSinceMs: null, nextProbeAtMs: null, waiting: 600 });
    expect(isDraining(back, NOW + HOUR)).toBe(true);
    expect(isDraining(back, NOW + HOUR + 11 * MINUTE - 1)).toBe(true);
    expect(isDraining(back, NOW + HOUR + 11 * MINUTE)).toBe(false);
  });

  it('that fails while they come back still counts what waits, later it starts from none', () => {
    const back = afterSuccess(failing({ waiting: 600 }), NOW);
    const again = (atMs: number) => afterFailure(afterFailure(back, atMs), atMs + 5 * SECOND);
    expect(again(NOW + MINUTE)).toMatchObject({ status: 'failing', waiting: 600, drainUntilMs: null });
    expect(again(NOW + HOUR)).toMatchObject({ status: 'failing', waiting: 0 });
  });

  it('that answered 410 is disabled, and no later answer changes that', () => {
    for (const row of [HEALTHY, FAILING, afterSuccess(FAILING, NOW)]) {
      const gone = afterGone(row);
      expect(gone).toMatchObject({ status: 'disabled', nextProbeAtMs: null });
      expect(afterSuccess(gone, NOW + DAY)).toBe(gone);
      expect(afterFailure(gone, NOW + DAY)).toBe(gone);
      expect(mayProbe(gone, NOW + DAY)).toBe(false);
    }
  });

  it('costs no write where nothing changes', () => {
    expect(afterSuccess(HEALTHY, NOW)).toBe(HEALTHY);
    expect(afterFailure(FAILING, NOW + HOUR)).toBe(FAILING);
    const once = afterFailure(HEALTHY, NOW);
    expect(afterFailure(once, NOW + SECOND)).toBe(once);
    expect(afterGone(afterGone(FAILING))).toEqual(afterGone(FAILING));
  });

  it('is judged anew after its clock was set back', () => {
    const once = afterFailure(HEALTHY, NOW + DAY);
    expect(afterFailure(afterFailure(once, NOW), NOW + 5 * SECOND).status).toBe('failing');
  });
});

describe('a probe', () => {
  it('is for a failing endpoint alone, and not before its time', () => {
    expect(mayProbe(HEALTHY, NOW + HOUR)).toBe(false);
    expect(mayProbe(FAILING, NOW + MINUTE)).toBe(false);
    expect(mayProbe(FAILING, NOW + 10 * MINUTE)).toBe(true);
  });

  it('is taken by one: the row it leaves keeps others away for almost ten minutes', () => {
    const atMs = NOW + HOUR;
    const taken = takeProbe(FAILING, atMs);
    expect(mayProbe(taken, atMs)).toBe(false);
    expect(mayProbe(taken, atMs + 9 * MINUTE)).toBe(false);
    expect(mayProbe(taken, atMs + 10 * MINUTE)).toBe(true);
    expect(afterFailure(taken, atMs + 15 * SECOND)).toBe(taken);
  });

  it('is not kept away by a lease that only a wrong clock can have given', () => {
    expect(mayProbe(failing({ nextProbeAtMs: NOW + DAY }), NOW)).toBe(true);
    expect(mayProbe(failing({ nextProbeAtMs: null }), NOW)).toBe(true);
  });

  it('is looked for within ten minutes of the last, and its result within a minute', () => {
    fc.assert(
      fc.property(anyDraw, fc.integer({ min: 0, max: 10 * MINUTE }), (draw, afterMs) => {
        const taken = takeProbe(FAILING, NOW);
        const lookAtMs = nextLookAtMs(taken, NOW + afterMs, () => draw);
        expect(Number.isInteger(lookAtMs)).toBe(true);
        expect(lookAtMs).toBeGreaterThanOrEqual(NOW + afterMs);
        if (afterMs < 20 * SECOND) {
          expect(lookAtMs).toBeGreaterThanOrEqual(NOW + 20 * SECOND);
          expect(lookAtMs).toBeLessThan(NOW + MINUTE);
        } else if (afterMs < 9 * MINUTE) {
          expect(mayProbe(taken, lookAtMs)).toBe(true);
          expect(lookAtMs).toBeLessThanOrEqual(NOW + 10 * MINUTE);
        }
      }),
    );
  });
});

describe('the waiting deliveries of an endpoint that is back', () => {
  it('leave ten a second, whoever they belong to and whenever their account finds out', () => {
    const account = fc.record({ own: fc.nat(40), afterMs: fc.nat(2 * MINUTE) });
    fc.assert(
      fc.property(fc.array(account, { maxLength: 40 }), (accounts) => {
        const found = accounts.toSorted((left, right) => left.afterMs - right.afterMs);
        let takenUntilMs: number | null = NOW;
        const all: number[] = [];
        for (const { own, afterMs } of found) {
          const nowMs = NOW + afterMs;
          const taken = drainTimes({ takenUntilMs, own, nowMs });
          expect(taken.atMs).toHaveLength(own);
          expect(taken.atMs.every((atMs) => Number.isInteger(atMs) && atMs > nowMs)).toBe(true);
          ({ takenUntilMs } = taken);
          all.push(...taken.atMs);
        }
        const tenApart = all.slice(10).map((atMs, index) => atMs - (all[index] ?? 0));
        expect(Math.min(SECOND, ...tenApart)).toBeGreaterThanOrEqual(SECOND);
      }),
    );
  });

  it('are due within twenty minutes, up to twelve thousand of them; more take longer', () => {
    const last = (own: number) => drainTimes({ takenUntilMs: NOW, own, nowMs: NOW }).atMs.at(-1);
    expect(last(12_000)).toBe(NOW + 20 * MINUTE);
    expect(last(36_000)).toBe(NOW + HOUR);
  });

  it('take no place where none waits, and none that lies in the past', () => {
    expect(drainTimes({ takenUntilMs: NOW, own: 0, nowMs: NOW })).toEqual({ atMs: [], takenUntilMs: NOW });
    expect(drainTimes({ takenUntilMs: NOW - DAY, own: 1, nowMs: NOW }).atMs).toEqual([NOW + SECOND / 10]);
    expect(drainTimes({ takenUntilMs: null, own: 1, nowMs: NOW }).atMs).toEqual([NOW + SECOND / 10]);
  });
});
