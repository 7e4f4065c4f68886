/** What attempts tell of an endpoint, from many accounts at once: one truth, one probe, and no write without news. */

import { beforeEach, describe, expect, it } from 'vitest';
import { upsertDeliveries } from '#directory/webhooks/deliveries.ts';
import { deleteEndpoint, findEndpoint, updateEndpoint } from '#directory/webhooks/webhook-endpoints.ts';
import { recordEndpointResult, takeProbe } from '#directory/webhooks/webhook-health.ts';
import { afterFailure, afterSuccess, HEALTHY, takeProbe as probeTaken } from '#webhooks/endpoint-health.ts';
import { asAnotherIsolate, configWith, db, downDatabase, dump, emptyVault, masterKey } from './world.ts';
import { newEndpoint, NOW, waitingDelivery } from './webhook-world.ts';

const ring = `k1:${masterKey()}`;
let config = configWith(ring);
/** A second refusal that comes this much later counts as one. */
const APART_MS = 5_000;

beforeEach(async () => {
  await emptyVault();
  await db.prepare('DELETE FROM delivery_index').run();
  config = configWith(ring);
});

async function made(): Promise<string> {
  return (await newEndpoint(config)).endpoint.id;
}

/** A failing endpoint, and when its next probe is due. */
async function failing(): Promise<{ id: string; probeAtMs: number }> {
  const id = await made();
  await recordEndpointResult(db, id, 'failed', NOW);
  const health = await recordEndpointResult(db, id, 'failed', NOW + APART_MS);
  expect(health?.status).toBe('failing');
  return { id, probeAtMs: health?.nextProbeAtMs ?? 0 };
}

const stored = async (id: string) => {
  const endpoint = await findEndpoint(db, id);
  if (endpoint === null) throw new Error('expected an endpoint');
  return endpoint;
};

describe('a result', () => {
  it('becomes what the decision says, and comes back', async () => {
    const id = await made();
    const first = await recordEndpointResult(db, id, 'failed', NOW);
    expect(first).toEqual(afterFailure(HEALTHY, NOW));
    expect(await stored(id)).toMatchObject({ health: first, lastOk: false, updatedAtMs: NOW });
    const second = await recordEndpointResult(db, id, 'failed', NOW + APART_MS);
    expect(second).toEqual(afterFailure(afterFailure(HEALTHY, NOW), NOW + APART_MS));
    expect(await stored(id)).toMatchObject({
      health: { ...second, status: 'failing' },
      lastOk: false,
      updatedAtMs: NOW + APART_MS,
    });
  });

  it('writes nothing that is not news', async () => {
    const id = await made();
    await recordEndpointResult(db, id, 'ok', NOW);
    expect(await stored(id)).toMatchObject({ health: HEALTHY, lastOk: true, updatedAtMs: NOW });
    const before = await dump();
    await recordEndpointResult(db, id, 'ok', NOW + 1);
    expect(await dump()).toBe(before);
    await recordEndpointResult(db, id, 'failed', NOW + 2);
    await recordEndpointResult(db, id, 'failed', NOW + 2 + APART_MS);
    const failed = await dump();
    await recordEndpointResult(db, id, 'failed', NOW + 3 * APART_MS);
    expect(await dump()).toBe(failed);
  });

  it('of 410 disables, and nothing an attempt says changes a disabled endpoint', async () => {
    const id = await made();
    await recordEndpointResult(db, id, 'gone', NOW);
    expect(await stored(id)).toMatchObject({
      health: { status: 'disabled' },
      statusReason: 'gone',
      lastOk: false,
    });
    const byHand = await made();
    await updateEndpoint(config, byHand, { status: 'disabled' }, NOW);
    const before = await dump();
    for (const result of ['ok', 'failed', 'gone'] as const) {
      for (const one of [id, byHand]) {
        expect(await recordEndpointResult(db, one, result, NOW + APART_MS)).toMatchObject({
          status: 'disabled',
        });
        expect(await dump()).toBe(before);
      }
    }
  });

  it('of a deleted endpoint is nobody’s', async () => {
    const id = await made();
    await deleteEndpoint(config, id, NOW);
    expect(await recordEndpointResult(db, id, 'ok', NOW)).toBeNull();
    expect(await takeProbe(db, id, NOW)).toBe(false);
  });

  it('of 2xx opens a failing endpoint, and notes how many wait for the way back', async () => {
    const { id, probeAtMs } = await failing();
    const other = await made();
    await upsertDeliveries(db, [
      ...Array.from({ length: 40 }, (_, n) => waitingDelivery(`wd_${n}`, id)),
      { ...waitingDelivery('wd_done', id), status: 'delivered' },
      waitingDelivery('wd_other', other),
    ]);
    const { health } = await stored(id);
    const open = await recordEndpointResult(db, id, 'ok', probeAtMs);
    expect(open).toEqual(afterSuccess({ ...health, waiting: 40 }, probeAtMs));
    expect(open).toMatchObject({ status: 'active', waiting: 40, drainFromMs: probeAtMs });
    expect(await stored(id)).toMatchObject({ health: open, lastOk: true, updatedAtMs: probeAtMs });
  });

  it('of many accounts at once is one: the window of the first 2xx stays', async () => {
    const { id, probeAtMs } = await failing();
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, n) => recordEndpointResult(asAnotherIsolate(), id, 'ok', probeAtMs + n)),
    );
    const { health } = await stored(id);
    expect(results).toEqual(results.map(() => health));
    expect(health.drainFromMs).toBeGreaterThanOrEqual(probeAtMs);
  });

  it('of 410 is not lost among others', async () => {
    const id = await made();
    await Promise.all([
      ...Array.from({ length: 4 }, (_, n) => recordEndpointResult(asAnotherIsolate(), id, 'failed', NOW + n)),
      recordEndpointResult(asAnotherIsolate(), id, 'gone', NOW),
      recordEndpointResult(asAnotherIsolate(), id, 'ok', NOW),
    ]);
    expect(await stored(id)).toMatchObject({ health: { status: 'disabled' }, statusReason: 'gone' });
  });

  it('that cannot be written is told', async () => {
    await expect(recordEndpointResult(downDatabase(), 'we_1', 'ok', NOW)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await expect(takeProbe(downDatabase(), 'we_1', NOW)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a probe', () => {
  it('is taken by one of many, and again when it is due again', async () => {
    const { id, probeAtMs } = await failing();
    expect(await takeProbe(db, id, probeAtMs - 1)).toBe(false);
    const before = (await stored(id)).health;
    const taken = await Promise.all(
      Array.from({ length: 10 }, () => takeProbe(asAnotherIsolate(), id, probeAtMs)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    const { health } = await stored(id);
    expect(health).toEqual(probeTaken(before, probeAtMs));
    expect(await takeProbe(db, id, health.nextProbeAtMs ?? 0)).toBe(true);
  });

  it('of an endpoint that is not failing is nobody’s to take', async () => {
    const id = await made();
    expect(await takeProbe(db, id, NOW)).toBe(false);
    await recordEndpointResult(db, id, 'gone', NOW);
    expect(await takeProbe(db, id, NOW + 3_600_000)).toBe(false);
  });
});
