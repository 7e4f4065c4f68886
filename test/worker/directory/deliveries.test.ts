/** The index of deliveries: rows come from objects, may come twice or late, and are listed newest first. */

import { beforeEach, describe, expect, it } from 'vitest';
import {
  countWaiting,
  findDelivery,
  listDeliveries,
  upsertDeliveries,
  type DeliveryFilter,
  type DeliveryRow,
} from '#directory/webhooks/deliveries.ts';
import { db, downDatabase } from './world.ts';

const ANY: DeliveryFilter = { endpoint: null, accountId: null, status: null, organization: null };

function delivery(id: string, changed: Partial<DeliveryRow> = {}): DeliveryRow {
  return {
    id,
    eventId: 'evt_1',
    type: 'agent.auth.succeeded',
    endpoint: 'we_1',
    organization: '',
    connectedAccountId: 'ca_1',
    source: 'account:ca_1',
    status: 'waiting',
    attempts: 0,
    lastStatus: null,
    lastFailure: null,
    nextAttemptAtMs: 100,
    createdAtMs: 1,
    deliveredAtMs: null,
    updatedAtMs: 10,
    ...changed,
  };
}

async function ids(filter: Partial<DeliveryFilter> = {}, limit = 100, after: DeliveryRow | null = null) {
  return (await listDeliveries(db, { ...ANY, ...filter }, { limit, after })).map(({ id }) => id);
}

beforeEach(async () => {
  await db.prepare('DELETE FROM delivery_index').run();
});

describe('a delivery', () => {
  it('comes back as its object said', async () => {
    const full = delivery('wd_2', {
      organization: 'acme',
      connectedAccountId: null,
      source: 'agent:crm-agent',
      status: 'delivered',
      attempts: 3,
      lastStatus: 204,
      lastFailure: null,
      nextAttemptAtMs: null,
      deliveredAtMs: 9,
    });
    await upsertDeliveries(db, [delivery('wd_1'), full]);
    expect(await findDelivery(db, 'wd_1')).toEqual(delivery('wd_1'));
    expect(await findDelivery(db, 'wd_2')).toEqual(full);
    expect(await findDelivery(db, 'wd_3')).toBeNull();
  });

  it('is replaced by a later row and by one of the same instant, never by an earlier one', async () => {
    await upsertDeliveries(db, [delivery('wd_1', { updatedAtMs: 10 })]);
    const done = { status: 'delivered', deliveredAtMs: 20, nextAttemptAtMs: null, lastStatus: 200 } as const;
    await upsertDeliveries(db, [delivery('wd_1', { ...done, updatedAtMs: 20 })]);
    await upsertDeliveries(db, [delivery('wd_1', { updatedAtMs: 19 }), delivery('wd_2')]);
    expect(await findDelivery(db, 'wd_1')).toMatchObject({ ...done, updatedAtMs: 20 });
    expect(await findDelivery(db, 'wd_2')).not.toBeNull();
    await upsertDeliveries(db, [delivery('wd_1', { attempts: 4, updatedAtMs: 20 })]);
    expect(await findDelivery(db, 'wd_1')).toMatchObject({ attempts: 4, status: 'waiting' });
  });

  it('that stands twice in one call ends as the later of the two', async () => {
    await upsertDeliveries(db, [
      delivery('wd_1', { attempts: 2, updatedAtMs: 20 }),
      delivery('wd_1', { attempts: 1, updatedAtMs: 15 }),
    ]);
    expect(await findDelivery(db, 'wd_1')).toMatchObject({ attempts: 2 });
  });

  it('that cannot be written is told to the object, which tries again', async () => {
    await upsertDeliveries(downDatabase(), []);
    await expect(upsertDeliveries(downDatabase(), [delivery('wd_1')])).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('the list of deliveries', () => {
  const rows = [
    delivery('wd_1', { createdAtMs: 1, organization: 'acme' }),
    delivery('wd_2', { createdAtMs: 3, status: 'failed', endpoint: 'we_2' }),
    delivery('wd_3', { createdAtMs: 2, connectedAccountId: 'ca_2', organization: 'acme' }),
    delivery('wd_4', { createdAtMs: 2, status: 'delivered', connectedAccountId: null }),
  ];

  beforeEach(() => upsertDeliveries(db, rows));

  it('is newest first, and goes on behind its last one', async () => {
    expect(await ids()).toEqual(['wd_2', 'wd_4', 'wd_3', 'wd_1']);
    expect(await ids({}, 2)).toEqual(['wd_2', 'wd_4']);
    expect(await ids({}, 2, rows[3])).toEqual(['wd_3', 'wd_1']);
  });

  it('takes filters together', async () => {
    expect(await ids({ endpoint: 'we_1' })).toEqual(['wd_4', 'wd_3', 'wd_1']);
    expect(await ids({ status: 'waiting' })).toEqual(['wd_3', 'wd_1']);
    expect(await ids({ accountId: 'ca_1' })).toEqual(['wd_2', 'wd_1']);
    expect(await ids({ organization: 'acme', accountId: 'ca_2' })).toEqual(['wd_3']);
    expect(await ids({ organization: '' })).toEqual(['wd_2', 'wd_4']);
    expect(await ids({ endpoint: 'we_9' })).toEqual([]);
  });

  it('counts what waits for an endpoint', async () => {
    expect(await countWaiting(db, 'we_1')).toBe(2);
    expect(await countWaiting(db, 'we_2')).toBe(0);
  });

  it('counts and pages from indexes', async () => {
    const plan = async (query: string) =>
      (await db.prepare(`EXPLAIN QUERY PLAN ${query}`).all<{ detail: string }>()).results
        .map(({ detail }) => detail)
        .join();
    expect(
      await plan(`SELECT count(*) FROM delivery_index WHERE endpoint = 'we_1' AND status = 'waiting'`),
    ).toContain('delivery_waiting');
    for (const [where, index] of [
      ['true', 'delivery_by_age'],
      [`endpoint = 'we_1'`, 'delivery_by_endpoint'],
      [`connected_account_id = 'ca_1'`, 'delivery_by_account'],
      [`organization = 'acme'`, 'delivery_by_organization'],
    ]) {
      const found = await plan(
        `SELECT * FROM delivery_index WHERE ${where} AND (created_at_ms, id) < (5, 'x')
         ORDER BY created_at_ms DESC, id DESC LIMIT 50`,
      );
      expect(found).toContain(index);
      expect(found).not.toContain('TEMP B-TREE');
    }
  });
});
