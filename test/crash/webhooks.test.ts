/** kill -9 while events are made, sent and answered: every change that was confirmed is told, under one id. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { killAfter, perhaps, seeded, until } from '../support/crash.ts';
import { name, world, type World } from '../support/world.ts';

const ACCOUNTS = 15;
const KILLS = 8;
/** An attempt that was cut is made again after half a minute. */
const DRAINED_MS = 120_000;
const seed = Date.now() % 1_000_000;
const random = seeded(seed);

interface Received {
  readonly id: string;
  readonly body: string;
}

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let receiver: Server;
let secret = '';
const received: Received[] = [];
const accounts: string[] = [];

/** Answers within 300 ms, so that a kill finds deliveries at every stage. */
async function startReceiver(): Promise<string> {
  receiver = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const headers = request.headers as Record<string, string>;
      new Webhook(secret).verify(body, headers);
      received.push({ id: headers['webhook-id'] ?? '', body });
      setTimeout(() => response.writeHead(204).end(), random() * 300);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`;
}

beforeAll(async () => {
  provider = await startOAuthServer({ rotation: 'rotating', graceS: 600, accessTokenTtlS: 3600 });
  broker = await startBroker({ settings: { LOG_LEVEL: 'warn' } });
  w = world(broker, provider);
  const url = await startReceiver();
  const made = await w.operator.post('/v1/webhook-endpoints', { url });
  secret = String(made.body.secret);
  const connection = await w.connection({ refresh_reuse_grace_s: 600 });
  for (let n = 0; n < ACCOUNTS; n += 1) {
    const grant = await provider.grant();
    const credential = {
      refresh_token: grant.refreshToken,
      access_token: grant.accessToken,
      expires_in: 3600,
    };
    accounts.push(await w.account(connection, name('user'), credential));
  }
});
afterAll(async () => {
  receiver?.closeAllConnections();
  receiver?.close();
  await broker?.dispose();
  await provider?.close();
});

interface Listed {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly connected_account_id: string; readonly sequence: number };
}

async function allEvents(): Promise<Listed[]> {
  const events: Listed[] = [];
  for (let cursor = ''; ;) {
    const page = await w.operator.get(`/v1/events?limit=100${cursor}`);
    if (page.status !== 200) throw new Error(`events: ${page.status} ${page.text}`);
    events.push(...(page.body.data as Listed[]));
    if (page.body.next_cursor === null) return events;
    cursor = `&cursor=${encodeURIComponent(String(page.body.next_cursor))}`;
  }
}

describe(`kill -9 of a broker that sends webhooks (seed ${seed})`, () => {
  /** By account: how many times it was told `disable` and said so. */
  const confirmed = new Map<string, number>();

  it('loses no event that was confirmed', async () => {
    for (let round = 0; round < KILLS; round += 1) {
      const kill = killAfter(provider, broker, random() * 600);
      await Promise.all(
        accounts.map(async (id) => {
          const done = await perhaps(w.operator.post(`/v1/connected-accounts/${id}/disable`));
          if (done?.status === 200) confirmed.set(id, (confirmed.get(id) ?? 0) + 1);
          await perhaps(w.operator.post(`/v1/connected-accounts/${id}/enable`));
        }),
      );
      await kill.done;
      await broker.restart();
      // Whatever the kill has left undone: the next round's `disable` is a change again.
      for (const id of accounts) {
        await until('enable', async () => {
          const done = await w.operator.post(`/v1/connected-accounts/${id}/enable`);
          return done.status === 200;
        });
      }
    }
    const ids = () => new Set(received.map(({ id }) => id));
    const events = await until(
      'all events arrive',
      async () => {
        const listed = await allEvents();
        return listed.length >= ACCOUNTS && listed.every(({ id }) => ids().has(id)) ? listed : null;
      },
      { deadlineMs: DRAINED_MS, everyMs: 1_000 },
    );
    for (const id of accounts) {
      const own = events.filter(({ data }) => data.connected_account_id === id);
      const sequence = own.map(({ data }) => data.sequence);
      expect(sequence).toEqual(sequence.map((_, index) => index + 1));
      const told = own.filter(({ type }) => type === 'connected_account.disabled').length;
      expect(told).toBeGreaterThanOrEqual(confirmed.get(id) ?? 0);
      expect(told).toBeLessThanOrEqual(KILLS);
    }
    expect(confirmed.size).toBeGreaterThan(0);
  });

  it('tells nothing that did not happen, and each thing under one id and in the same words', async () => {
    const listed = new Set((await allEvents()).map(({ id }) => id));
    expect(received.filter(({ id }) => !listed.has(id))).toEqual([]);
    const bodies = new Map(received.map(({ id, body }) => [id, body]));
    expect(received.filter(({ id, body }) => bodies.get(id) !== body)).toEqual([]);
    expect(new Set(bodies.values()).size).toBe(bodies.size);
  });

  it('ends with every delivery delivered', async () => {
    const waiting = () => w.operator.get('/v1/webhook-deliveries?status=waiting');
    await until('nothing waits', async () => (await waiting()).body.data.length === 0, {
      deadlineMs: DRAINED_MS,
      everyMs: 1_000,
    });
    expect((await w.operator.get('/v1/webhook-deliveries?status=failed')).body.data).toEqual([]);
  });
});
