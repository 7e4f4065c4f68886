/** The broker's own limit over HTTP: 429 with its headers before anything else is looked at. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { call, client } from '../support/callers.ts';
import { expectRefusal } from '../support/refusals.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker({ settings: { RATE_LIMIT_PER_MINUTE: '40' } });
});
afterAll(() => broker.dispose());

it('refuses whoever knocks too often with 429 and its headers, key by key, and not the probes', async () => {
  const admin = client(broker.url, broker.adminKey);
  const made = await admin.post('/v1/agents', { id: 'other', key: true });
  expect(made.status).toBe(201);
  const replies = await Promise.all(Array.from({ length: 60 }, () => admin.get('/v1/providers')));
  const refused = replies.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(30);
  for (const reply of refused) {
    expectRefusal(reply, { status: 429, code: 'rate_limited' });
    expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(reply.headers['ratelimit-policy']).toBe('"requests";q=40;w=60');
    expect(reply.headers['ratelimit']).toMatch(/^"requests";r=0;t=\d+$/);
  }
  const other = await client(broker.url, made.body.key).get(
    `/v1/connected-accounts/ca_g${'a'.repeat(26)}/token`,
  );
  expectRefusal(other, { status: 404, code: 'not_found' });
  const nameless = await Promise.all(
    Array.from({ length: 10 }, () => call('GET', `${broker.url}/v1/providers`)),
  );
  expect(new Set(nameless.map(({ status }) => status))).toEqual(new Set([401, 429]));
  expect((await call('GET', `${broker.url}/healthz`)).status).toBe(200);
});
