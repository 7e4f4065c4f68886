import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planDeliveries, type PlannedDelivery, type PlannedEndpoint } from '#webhooks/plan-deliveries.ts';
import { anyDraw, DAY, drawsOf, HOUR, NOW, SECOND } from './given.ts';

const ENDPOINTS = [...'abcdefghijkl'];
const anyTime = fc.oneof(
  fc.constant(NOW),
  fc.integer({ min: NOW - HOUR, max: NOW + HOUR }),
  fc.integer({ min: NOW - 5 * DAY, max: NOW + 2 * DAY }),
);
const anyEndpoint: fc.Arbitrary<PlannedEndpoint> = fc.record({
  status: fc.constantFrom('active', 'active', 'failing', 'disabled'),
  lastOk: fc.boolean(),
  nextProbeAtMs: fc.option(anyTime),
});
const anyDelivery = fc.record({
  endpoint: fc.constantFrom(...ENDPOINTS),
  dueAtMs: anyTime,
  createdAtMs: anyTime,
  probedAtMs: fc.option(anyTime),
});
/** Any rows and endpoints, some of them deleted, with the first of some endpoints in flight. */
const anyScene = fc
  .record({
    endpoints: fc.dictionary(fc.constantFrom(...ENDPOINTS), anyEndpoint),
    rows: fc.array(anyDelivery, { maxLength: 40 }),
    busy: fc.subarray(ENDPOINTS, { maxLength: 6 }),
    draw: anyDraw,
  })
  .map(({ endpoints, rows, busy, draw }) => {
    const left = new Set(busy);
    const deliveries = rows.map((row, index): PlannedDelivery => {
      const inFlight = left.delete(row.endpoint);
      return { ...row, id: `d${index}`, inFlight };
    });
    return { nowMs: NOW, endpoints: new Map(Object.entries(endpoints)), deliveries, random: () => draw };
  });

it('never has two in flight per endpoint, nor more than six, whatever the rows say', () => {
  fc.assert(
    fc.property(anyScene, (scene) => {
      const { start } = planDeliveries(scene);
      const flying = scene.deliveries.filter(({ id, inFlight }) => inFlight || start.includes(id));
      expect(new Set(flying.map(({ endpoint }) => endpoint)).size).toBe(flying.length);
      expect(flying.length).toBeLessThanOrEqual(6);
      expect(new Set(start).size).toBe(start.length);
    }),
    { numRuns: 2_000 },
  );
});

it('starts only what is due, or is the probe of an endpoint whose time has come', () => {
  fc.assert(
    fc.property(anyScene, (scene) => {
      const { start, probes, drop, giveUp } = planDeliveries(scene);
      for (const delivery of scene.deliveries) {
        const endpoint = scene.endpoints.get(delivery.endpoint);
        const closed = endpoint === undefined || endpoint.status === 'disabled';
        expect(drop.includes(delivery.id)).toBe(closed && !delivery.inFlight);
        if (giveUp.includes(delivery.id)) expect(endpoint?.status).toBe('failing');
        if (!start.includes(delivery.id)) continue;
        expect(closed || delivery.inFlight || giveUp.includes(delivery.id)).toBe(false);
        expect(probes.includes(delivery.id)).toBe(endpoint?.status === 'failing');
        if (endpoint?.status === 'active') expect(delivery.dueAtMs).toBeLessThanOrEqual(NOW);
        // A lease of more than ten minutes and a slack was given by a wrong clock.
        else if ((endpoint?.nextProbeAtMs ?? 0) > NOW)
          expect(endpoint?.nextProbeAtMs).toBeGreaterThan(NOW + 11 * 60 * SECOND);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('leaves nothing that waits without a next look, and never looks in the past', () => {
  fc.assert(
    fc.property(anyScene, (scene) => {
      const { start, drop, giveUp, wakeAtMs } = planDeliveries(scene);
      const gone = new Set([...drop, ...giveUp]);
      const left = scene.deliveries.filter(({ id }) => !gone.has(id));
      expect(wakeAtMs === null).toBe(left.length === 0);
      if (wakeAtMs === null) return;
      expect(wakeAtMs).toBeGreaterThan(NOW);
      expect(Number.isInteger(wakeAtMs)).toBe(true);
      const flying = new Set(
        left.flatMap((one) => (one.inFlight || start.includes(one.id) ? [one.endpoint] : [])),
      );
      // One that is due and has no place goes before what is due later at its endpoint: the next free place is its look.
      const waitsForPlace = new Set(
        left.flatMap(({ endpoint, dueAtMs }) => (dueAtMs <= NOW && !flying.has(endpoint) ? [endpoint] : [])),
      );
      for (const { endpoint, dueAtMs } of left) {
        if (waitsForPlace.has(endpoint)) continue;
        if (!flying.has(endpoint) && scene.endpoints.get(endpoint)?.status === 'active' && dueAtMs > NOW)
          expect(wakeAtMs).toBeLessThanOrEqual(dueAtMs);
      }
    }),
    { numRuns: 2_000 },
  );
});

it('lets no place idle that something due could take', () => {
  fc.assert(
    fc.property(anyScene, (scene) => {
      const { start } = planDeliveries(scene);
      const flying = scene.deliveries.filter(({ id, inFlight }) => inFlight || start.includes(id));
      const busy = new Set(flying.map(({ endpoint }) => endpoint));
      const trusted = (id: string) => {
        const endpoint = scene.endpoints.get(id);
        return endpoint?.status === 'active' && endpoint.lastOk;
      };
      const held = scene.deliveries.filter(
        ({ endpoint, dueAtMs }) =>
          !busy.has(endpoint) && scene.endpoints.get(endpoint)?.status === 'active' && dueAtMs <= NOW,
      );
      if (held.some(({ endpoint }) => trusted(endpoint))) expect(flying).toHaveLength(6);
      else if (held.length > 0 && flying.length < 6)
        expect(flying.filter(({ endpoint }) => !trusted(endpoint)).length).toBeGreaterThanOrEqual(3);
    }),
    { numRuns: 2_000 },
  );
});

it('starts a due delivery of a healthy endpoint at once, with any number of endpoints that hang', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 18 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.integer({ min: 0, max: 120 * SECOND }), { minLength: 5, maxLength: 30 }),
      fc.nat(),
      (hanging, healthy, eventTimes, seed) => {
        expect(longestHealthyDelayMs(hanging, healthy, eventTimes, drawsOf(seed))).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

/**
 * Plays one account: each event goes to every endpoint; one that hangs is refused after 15 s and due again 5 s later,
 * a healthy one answers in no time. Returns how long a healthy endpoint's delivery was due before it started, at most.
 */
function longestHealthyDelayMs(
  hanging: number,
  healthy: number,
  eventTimes: readonly number[],
  random: () => number,
): number {
  const endpoints = new Map<string, PlannedEndpoint>();
  for (let index = 0; index < hanging; index += 1)
    endpoints.set(`h${index}`, { status: 'active', lastOk: false, nextProbeAtMs: null });
  for (let index = 0; index < healthy; index += 1)
    endpoints.set(`ok${index}`, { status: 'active', lastOk: true, nextProbeAtMs: null });
  const waiting = new Map<string, PlannedDelivery>();
  const ends = new Map<string, number>();
  const events = eventTimes.map((atMs) => NOW + atMs).toSorted((left, right) => left - right);
  let longestMs = 0;
  let nowMs = NOW;
  let next = 0;
  while (next < events.length) {
    for (; (events[next] ?? Infinity) <= nowMs; next += 1) {
      for (const endpoint of endpoints.keys()) {
        const id = `${endpoint}/${next}`;
        waiting.set(id, {
          id,
          endpoint,
          dueAtMs: nowMs,
          createdAtMs: nowMs,
          probedAtMs: null,
          inFlight: false,
        });
      }
    }
    for (const [id, endMs] of ends) {
      const delivery = waiting.get(id);
      if (endMs > nowMs || delivery === undefined) continue;
      ends.delete(id);
      waiting.set(id, { ...delivery, inFlight: false, dueAtMs: nowMs + 5 * SECOND });
    }
    for (;;) {
      const { start } = planDeliveries({ nowMs, deliveries: [...waiting.values()], endpoints, random });
      if (start.length === 0) break;
      for (const id of start) {
        const delivery = waiting.get(id);
        if (delivery === undefined) throw new Error(`started twice: ${id}`);
        if (delivery.endpoint.startsWith('h')) {
          waiting.set(id, { ...delivery, inFlight: true });
          ends.set(id, nowMs + 15 * SECOND);
        } else {
          waiting.delete(id);
          longestMs = Math.max(longestMs, nowMs - delivery.dueAtMs);
        }
      }
    }
    nowMs = Math.min(events[next] ?? Infinity, ...ends.values());
  }
  return longestMs;
}
