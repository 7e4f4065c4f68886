/** Deliveries as an operator sees them, and one more try. */

import { beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '#api/app.ts';
import type { WebhookSenders } from '#api/senders/webhook-senders.ts';
import { WebhookDelivery } from '#contract/events/webhooks.ts';
import { upsertDeliveries, type DeliveryRow } from '#directory/webhooks/deliveries.ts';
import { recordEndpointResult } from '#directory/webhooks/webhook-health.ts';
import { callerOf, config, refusal } from './world.ts';

const base = '/v1/webhook-deliveries';
const db = config.directory;
const idOf = (n: number) => `wd_${String(n).padStart(22, '0')}`;

let asked: DeliveryRow[] = [];
let held = true;
const senders: WebhookSenders = {
  sendTest: () => Promise.reject(new Error('nothing is tested here')),
  redeliver: async (_, delivery) => {
    asked.push(delivery);
    return held ? { ...delivery, status: 'waiting', nextAttemptAtMs: 5_000, updatedAtMs: 5_000 } : null;
  },
};
const call = callerOf(createApp(senders));

function delivery(n: number, endpoint: string, changed: Partial<DeliveryRow> = {}): DeliveryRow {
  return {
    id: idOf(n),
    eventId: 'evt_1',
    type: 'agent.auth.succeeded',
    endpoint,
    organization: '',
    connectedAccountId: 'ca_1',
    source: 'account:ca_1',
    status: 'failed',
    attempts: 10,
    lastStatus: 500,
    lastFailure: null,
    nextAttemptAtMs: null,
    createdAtMs: n,
    deliveredAtMs: null,
    updatedAtMs: n,
    ...changed,
  };
}

async function newEndpoint(): Promise<string> {
  const { json } = await call('POST', '/v1/webhook-endpoints', { body: { url: 'https://app.example.com/' } });
  return json.id;
}

beforeEach(async () => {
  asked = [];
  held = true;
  await db.batch([db.prepare('DELETE FROM delivery_index'), db.prepare('DELETE FROM webhook_endpoint')]);
});

describe('the list of deliveries', () => {
  it('shows each as the contract says, newest first', async () => {
    const done = {
      status: 'delivered',
      lastStatus: 204,
      lastFailure: null,
      deliveredAtMs: 3_000,
      connectedAccountId: null,
    } as const;
    const refused = { status: 'waiting', lastStatus: null, lastFailure: 'forbidden_address' } as const;
    await upsertDeliveries(db, [
      delivery(1, 'we_1', { ...refused, nextAttemptAtMs: 2_000, attempts: 1 }),
      delivery(2, 'we_2', done),
    ]);
    const { json } = await call('GET', base);
    for (const item of json.data) WebhookDelivery.strict().parse(item);
    const common = { event_id: 'evt_1', type: 'agent.auth.succeeded' };
    expect(json).toEqual({
      data: [
        {
          ...common,
          id: idOf(2),
          endpoint: 'we_2',
          connected_account_id: null,
          status: 'delivered',
          attempts: 10,
          last_status: 204,
          last_failure: null,
          next_attempt_at: null,
          created_at: '1970-01-01T00:00:00.002Z',
          delivered_at: '1970-01-01T00:00:03.000Z',
        },
        {
          ...common,
          id: idOf(1),
          endpoint: 'we_1',
          connected_account_id: 'ca_1',
          status: 'waiting',
          attempts: 1,
          last_status: null,
          last_failure: 'forbidden_address',
          next_attempt_at: '1970-01-01T00:00:02.000Z',
          created_at: '1970-01-01T00:00:00.001Z',
          delivered_at: null,
        },
      ],
      next_cursor: null,
    });
  });

  it('takes filters and goes on with its cursor, under the same filters only', async () => {
    await upsertDeliveries(db, [
      ...[1, 2, 3].map((n) => delivery(n, 'we_1')),
      delivery(4, 'we_1', { status: 'delivered' }),
      delivery(5, 'we_2', { connectedAccountId: 'ca_2' }),
    ]);
    const ids = async (query: string) => {
      const { json } = await call('GET', `${base}?${query}`);
      return { ids: json.data.map(({ id }: WebhookDelivery) => id), next: json.next_cursor };
    };
    expect((await ids('connected_account_id=ca_2')).ids).toEqual([idOf(5)]);
    expect((await ids('endpoint=we_nobody')).ids).toEqual([]);
    const first = await ids('endpoint=we_1&status=failed&limit=2');
    expect(first.ids).toEqual([idOf(3), idOf(2)]);
    const second = await ids(`endpoint=we_1&status=failed&limit=2&cursor=${first.next}`);
    expect(second).toEqual({ ids: [idOf(1)], next: null });
    const foreign = await call('GET', `${base}?endpoint=we_1&cursor=${first.next}`);
    expect(refusal(foreign)).toEqual([400, 'invalid_request', 'cursor']);
    expect(refusal(await call('GET', `${base}?status=late`))).toEqual([400, 'invalid_request', 'status']);
  });
});

describe('a delivery that is sent again', () => {
  it('is asked of the object that holds it, and answered as it is then', async () => {
    const endpoint = await newEndpoint();
    await upsertDeliveries(db, [delivery(1, endpoint)]);
    const answer = await call('POST', `${base}/${idOf(1)}/redeliver`);
    expect(answer).toMatchObject({
      status: 200,
      json: { id: idOf(1), status: 'waiting', next_attempt_at: '1970-01-01T00:00:05.000Z' },
    });
    WebhookDelivery.strict().parse(answer.json);
    expect(asked).toEqual([delivery(1, endpoint)]);
  });

  it('is not found where nobody knows it, or its object no longer does', async () => {
    const endpoint = await newEndpoint();
    await upsertDeliveries(db, [delivery(1, endpoint)]);
    for (const id of [idOf(2), 'wd_1', 'x']) {
      expect(refusal(await call('POST', `${base}/${id}/redeliver`))).toEqual([404, 'not_found']);
    }
    expect(asked).toEqual([]);
    held = false;
    expect(refusal(await call('POST', `${base}/${idOf(1)}/redeliver`))).toEqual([404, 'not_found']);
  });

  it('is refused where its endpoint is disabled or deleted', async () => {
    const endpoint = await newEndpoint();
    await upsertDeliveries(db, [delivery(1, endpoint)]);
    await recordEndpointResult(db, endpoint, 'gone', 1);
    const disabled = await call('POST', `${base}/${idOf(1)}/redeliver`);
    expect(refusal(disabled)).toEqual([409, 'conflict']);
    expect(disabled.json.detail).toContain('disabled');
    await call('DELETE', `/v1/webhook-endpoints/${endpoint}`);
    const deleted = await call('POST', `${base}/${idOf(1)}/redeliver`);
    expect(refusal(deleted)).toEqual([409, 'conflict']);
    expect(deleted.json.detail).toContain('deleted');
    expect(asked).toEqual([]);
  });
});
