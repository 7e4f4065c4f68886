import { describe, expect, it } from 'vitest';
import { planDeliveries, type PlannedDelivery, type PlannedEndpoint } from '#webhooks/plan-deliveries.ts';
import { GIVE_UP_AFTER_MS } from '#webhooks/retry.ts';
import { DAY, HOUR, MINUTE, NOW, SECOND } from './given.ts';

const OK: PlannedEndpoint = { status: 'active', lastOk: true, nextProbeAtMs: null };
const NEW: PlannedEndpoint = { ...OK, lastOk: false };
const FAILING: PlannedEndpoint = { status: 'failing', lastOk: false, nextProbeAtMs: NOW };
const DISABLED: PlannedEndpoint = { ...NEW, status: 'disabled' };

/** `a1` is a delivery for endpoint `a`; due and made `agoMs` ago. */
function delivery(id: string, agoMs = 0, row: Partial<PlannedDelivery> = {}): PlannedDelivery {
  const atMs = NOW - agoMs;
  return {
    id,
    endpoint: id.charAt(0),
    dueAtMs: atMs,
    createdAtMs: atMs,
    probedAtMs: null,
    inFlight: false,
    ...row,
  };
}

const plan = (
  endpoints: Record<string, PlannedEndpoint>,
  deliveries: readonly PlannedDelivery[],
  limitTotal = 6,
) =>
  planDeliveries({
    nowMs: NOW,
    deliveries,
    endpoints: new Map(Object.entries(endpoints)),
    limitTotal,
    random: () => 0,
  });

describe('of one endpoint', () => {
  it('the delivery that is due longest leaves, and the next one only after it', () => {
    const waiting = [delivery('a1', SECOND), delivery('a2', MINUTE), delivery('a3')];
    expect(plan({ a: OK }, waiting).start).toEqual(['a2']);
    const inFlight = [delivery('a2', MINUTE, { inFlight: true }), delivery('a1', SECOND)];
    expect(plan({ a: OK }, inFlight).start).toEqual([]);
  });

  it('of two that are due together the older leaves first', () => {
    const redelivered = delivery('a1', 0, { createdAtMs: NOW - DAY });
    expect(plan({ a: OK }, [delivery('a2'), redelivered]).start).toEqual(['a1']);
  });

  it('what is not due waits for its time', () => {
    expect(plan({ a: OK }, [delivery('a1', -MINUTE), delivery('a2', -HOUR)])).toEqual({
      start: [],
      probes: [],
      drop: [],
      giveUp: [],
      wakeAtMs: NOW + MINUTE,
    });
  });
});

describe('among endpoints', () => {
  it('those whose last attempt succeeded go before those that are due longer', () => {
    const waiting = [delivery('a1', HOUR), delivery('b1', MINUTE), delivery('c1', HOUR * 2)];
    expect(plan({ a: NEW, b: OK, c: OK }, waiting).start).toEqual(['c1', 'b1', 'a1']);
  });

  it('six are in flight in all', () => {
    const ids = [...'abcdefgh'];
    const endpoints = Object.fromEntries(ids.map((id) => [id, OK]));
    const waiting = ids.map((id, index) => delivery(`${id}1`, HOUR - index));
    expect(plan(endpoints, waiting).start).toEqual(['a1', 'b1', 'c1', 'd1', 'e1', 'f1']);
    const after = waiting.map((one, index) => ({ ...one, inFlight: index < 5 }));
    expect(plan(endpoints, after).start).toEqual(['f1']);
  });

  it('those that are not known to answer have three places', () => {
    const ids = [...'abcdefgh'];
    const waiting = ids.map((id, index) => delivery(`${id}1`, HOUR - index));
    const endpoints = Object.fromEntries(ids.map((id) => [id, id < 'c' ? FAILING : NEW]));
    expect(plan(endpoints, waiting).start).toEqual(['c1', 'd1', 'e1']);
    expect(plan({ ...endpoints, h: OK }, waiting).start).toEqual(['h1', 'c1', 'd1', 'e1']);
    expect(plan(endpoints, waiting, 1).start).toHaveLength(1);
  });
});

describe('a failing endpoint', () => {
  it('gets its probe when the time has come, the oldest waiting delivery, and nothing else', () => {
    const waiting = [delivery('a1', MINUTE), delivery('a2', HOUR, { dueAtMs: NOW + DAY }), delivery('a3')];
    expect(plan({ a: FAILING }, waiting)).toMatchObject({ start: ['a2'], probes: ['a2'] });
    const early = plan({ a: { ...FAILING, nextProbeAtMs: NOW + 5 * MINUTE } }, waiting);
    expect(early).toMatchObject({ start: [], probes: [], wakeAtMs: NOW + 5 * MINUTE });
  });

  it('is not kept closed by a delivery that its receiver cannot digest', () => {
    const waiting = [delivery('a1', HOUR), delivery('a2', MINUTE), delivery('a3')];
    const probed = waiting.map((one, index) =>
      index === 0 ? { ...one, probedAtMs: NOW - 10 * MINUTE } : one,
    );
    expect(plan({ a: FAILING }, probed).probes).toEqual(['a2']);
    const all = waiting.map((one, index) => ({ ...one, probedAtMs: NOW - (index + 1) * 10 * MINUTE }));
    expect(plan({ a: FAILING }, all).probes).toEqual(['a3']);
  });

  it('is looked at for the result of a probe that another account makes', () => {
    const justTaken = { ...FAILING, nextProbeAtMs: NOW + 9 * MINUTE + 44 * SECOND };
    const { wakeAtMs } = plan({ a: justTaken }, [delivery('a1', HOUR)]);
    expect(wakeAtMs).toBe(NOW + 19 * SECOND);
  });

  it('gives up what it has held for longer than the table of retries lasts', () => {
    const waiting = [delivery('a1', GIVE_UP_AFTER_MS), delivery('a2', GIVE_UP_AFTER_MS - 1)];
    expect(plan({ a: FAILING }, waiting)).toMatchObject({ giveUp: ['a1'], start: ['a2'] });
    expect(plan({ a: OK }, waiting)).toMatchObject({ giveUp: [], start: ['a1'] });
  });
});

describe('an endpoint that is deleted or disabled', () => {
  it('gets nothing more', () => {
    const waiting = [delivery('a1', MINUTE), delivery('a2', -DAY), delivery('b1'), delivery('c1')];
    expect(plan({ b: DISABLED, c: OK }, waiting)).toMatchObject({ drop: ['a1', 'a2', 'b1'], start: ['c1'] });
  });

  it('is not waited for', () => {
    expect(plan({}, [delivery('a1')])).toMatchObject({ drop: ['a1'], wakeAtMs: null });
  });

  it('keeps the place of what is still in flight, which is not dropped', () => {
    const waiting = [...'abcdef'].map((id) => delivery(`${id}1`, 0, { inFlight: true }));
    expect(plan({ g: OK }, [...waiting, delivery('g1')])).toMatchObject({ drop: [], start: [] });
  });
});

describe('the next look', () => {
  it('is never, when nothing waits', () => {
    expect(plan({ a: OK }, []).wakeAtMs).toBeNull();
  });

  it('comes soon while something is in flight, whose end could be lost', () => {
    expect(plan({ a: OK }, [delivery('a1')]).wakeAtMs).toBe(NOW + 30 * SECOND);
    expect(plan({ a: OK }, [delivery('a1', 0, { inFlight: true })]).wakeAtMs).toBe(NOW + 30 * SECOND);
    const sooner = [delivery('a1'), delivery('b1', -SECOND)];
    expect(plan({ a: OK, b: OK }, sooner).wakeAtMs).toBe(NOW + SECOND);
  });
});
