/** Receivers that stall, drip, flood, redirect, reset or have no TLS: bounded, counted as failures, nobody held up. */

import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer, type OAuthServer } from '../../src/dev/oauth/server.ts';
import { startBroker, type TestBroker } from '../support/broker.ts';
import { startServer, type HostileServer } from '../support/hostile-server.ts';
import { until } from '../support/crash.ts';
import { name, world, type World } from '../support/world.ts';
import * as hostile from './hostile-receivers.ts';
import type { Receiver } from './hostile-receivers.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** How long one attempt may take. */
const HANG_MS = 15_000;
/** The rest is for a machine that others use too: a receiver that was not cut off would hang for ever. */
const ENDED_MS = 90_000;

let provider: OAuthServer;
let broker: TestBroker;
let w: World;
let connection: string;
let canary: HostileServer;
const closing: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  provider = await startOAuthServer({ accessTokenTtlS: 3600 });
  broker = await startBroker({ ownProcess: true, settings: { LOG_LEVEL: 'warn' } });
  w = world(broker, provider);
  connection = await w.connection();
  canary = await startServer((_, response) => response.end('reached'));
  closing.push(canary);
});
afterAll(async () => {
  await Promise.all(closing.map((server) => server.close()));
  await broker?.dispose();
  await provider?.close();
});

async function endpoint(url: string, organization: string): Promise<string> {
  const made = await w.operator.post('/v1/webhook-endpoints', { url, organization });
  expect(made.status, made.text).toBe(201);
  return String(made.body.id);
}

async function account(organization: string, accessTokenTtlS = 3600): Promise<string> {
  const grant = await provider.grant({ accessTokenTtlS });
  const put = await w.operator.put(
    `/v1/credentials/${connection}?identifier=${name('user')}&organization=${organization}`,
    { refresh_token: grant.refreshToken, access_token: grant.accessToken, expires_in: accessTokenTtlS },
  );
  expect(put.status, put.text).toBe(201);
  return String(put.body.id);
}

/** What lists show of a delivery. */
interface Listed {
  readonly status: string;
  readonly attempts: number;
  readonly last_status: number | null;
}

/** The one delivery of this endpoint, once its first attempt has ended. The index shows nothing that is in flight. */
function firstAttempt(endpointId: string): Promise<Listed> {
  return until(
    'the first attempt ends',
    async () => {
      const list = await w.operator.get(`/v1/webhook-deliveries?endpoint=${endpointId}`);
      const found = (list.body.data as Listed[])[0];
      return found !== undefined && found.attempts > 0 ? found : null;
    },
    { deadlineMs: ENDED_MS, everyMs: 500 },
  );
}

async function keep(receiver: Promise<Receiver>): Promise<Receiver> {
  const made = await receiver;
  closing.push(made);
  return made;
}

const FLOOD_LIMIT_BYTES = 16_000_000;
const refused = (last_status: number | null) => ({ status: 'waiting', last_status, attempts: 1 });
const to = () => `${canary.url}/stolen`;

type Case = readonly [name: string, start: () => Promise<Receiver>, expected: Listed];
const CASES: readonly Case[] = [
  ['that never answers', () => hostile.plain(hostile.hangs), refused(null)],
  ['that drips its headers', () => hostile.plain(hostile.dripsHeaders), refused(null)],
  ['that drips its body', () => hostile.plain(hostile.dripsBody), refused(null)],
  ['that floods headers', () => hostile.plain(hostile.floodsHeaders), refused(null)],
  ['that drips interim answers', () => hostile.plain(hostile.dripsHints), refused(null)],
  ['that refuses with 100 MB', () => hostile.plain(hostile.floods(500)), refused(500)],
  ['that redirects with 302', () => hostile.plain(hostile.redirects(302, to)), refused(302)],
  ['that redirects with 307', () => hostile.plain(hostile.redirects(307, to)), refused(307)],
  ['that redirects with 308', () => hostile.plain(hostile.redirects(308, to)), refused(308)],
  ['that resets', () => hostile.plain(hostile.resets), refused(null)],
  ['that closes', () => hostile.plain(hostile.closes), refused(null)],
  ['that breaks off its answer', () => hostile.plain(hostile.breaksOff), refused(null)],
  ['that speaks no HTTP', () => hostile.plain(hostile.speaksNoHttp), refused(null)],
  ['that switches protocols', () => hostile.plain(hostile.answers(101)), refused(101)],
  ['with a certificate that nobody vouches for', () => hostile.selfSignedTls(), refused(null)],
  ['that speaks plain HTTP where TLS is due', () => hostile.noTls(hostile.answers(200)), refused(null)],
  ['that hangs in the handshake', () => hostile.noTls(hostile.hangs), refused(null)],
  ['that closes in the handshake', () => hostile.noTls(hostile.closes), refused(null)],
  [
    'that accepts with 100 MB',
    () => hostile.plain(hostile.floods(200)),
    { ...refused(200), status: 'delivered' },
  ],
];

interface Outcome {
  readonly delivery: Listed;
  readonly receiver: Receiver;
  readonly tookMs: number;
}

/** One endpoint of an organization of its own, and what became of the first event that it was to get. */
async function meet(start: () => Promise<Receiver>): Promise<Outcome> {
  const receiver = await keep(start());
  const organization = name('org');
  const id = await endpoint(receiver.url, organization);
  const beganAt = Date.now();
  await account(organization);
  return { delivery: await firstAttempt(id), receiver, tookMs: Date.now() - beganAt };
}

describe('a receiver', () => {
  const outcomes = new Map<string, Promise<Outcome | Error>>();

  // All at once: they are meant to be in each other's way, and most take their 15 s.
  beforeAll(() => {
    for (const [subject, start] of CASES)
      outcomes.set(
        subject,
        meet(start).catch((error: Error) => error),
      );
  });

  it.each(CASES)('%s costs one bounded attempt', async (subject, _, expected) => {
    const outcome = await outcomes.get(subject);
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    expect(outcome.delivery).toMatchObject(expected);
    expect(outcome.tookMs).toBeLessThan(ENDED_MS);
    expect(outcome.receiver.connections()).toBeGreaterThan(0);
    expect(outcome.receiver.sentBytes()).toBeLessThan(FLOOD_LIMIT_BYTES);
    expect(canary.seen).toEqual([]);
  });
});

/** Resident memory of the broker and everything it has started, in bytes. */
function memory(): number {
  const parents = new Map<number, number>();
  const resident = new Map<number, number>();
  let root = 0;
  for (const entry of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      const field = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      parents.set(Number(entry), field('PPid'));
      resident.set(Number(entry), field('VmRSS') * 1024);
      if (readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(broker.folder)) root ||= Number(entry);
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean => pid !== 0 && (pid === root || isOurs(parents.get(pid) ?? 0));
  return [...resident].reduce((sum, [pid, bytes]) => sum + (isOurs(pid) ? bytes : 0), 0);
}

it('a gigabyte of answers, and interim ones without end, leave the memory flat', async () => {
  const receiver = await keep(hostile.plain(hostile.floods(500)));
  const hinting = await keep(hostile.plain(hostile.floodsWithHints));
  const organization = name('org');
  const [big, endless] = [
    await endpoint(receiver.url, organization),
    await endpoint(hinting.url, organization),
  ];
  const test = (id: string) => w.operator.post(`/v1/webhook-endpoints/${id}/test`);
  expect((await test(big)).body).toMatchObject({ delivered: false, status: 500 });
  const before = memory();
  expect(before).toBeGreaterThan(50_000_000);
  const unheard = [test(endless), test(endless)];
  for (let round = 0; round < 3; round += 1) {
    const tested = await Promise.all(Array.from({ length: 4 }, () => test(big)));
    for (const { body } of tested) expect(body).toMatchObject({ delivered: false, status: 500 });
  }
  // Before an answer has begun there is nothing to stop reading: the time is the limit.
  for (const { body } of await Promise.all(unheard)) {
    expect(body).toMatchObject({ delivered: false, status: null });
    expect(body.duration_ms).toBeLessThan(ENDED_MS);
  }
  expect(receiver.connections()).toBe(13);
  expect(receiver.sentBytes()).toBeLessThan(13 * FLOOD_LIMIT_BYTES);
  expect(memory() - before).toBeLessThan(150_000_000);
});

describe('four endpoints that hang', () => {
  it('hold up neither a healthy one nor a refresh for as long as one of them hangs', async () => {
    const organization = name('org');
    for (let n = 0; n < 4; n += 1) {
      await endpoint((await keep(hostile.plain(hostile.hangs))).url, organization);
    }
    const delays: number[] = [];
    const healthy = await startServer(({ body }, response) => {
      delays.push(Date.now() - Date.parse(JSON.parse(body).timestamp));
      response.end();
    });
    closing.push(healthy);
    await endpoint(healthy.url, organization);
    // One that speaks for more than one round of 15 s, one whose token is renewed meanwhile.
    const [talking, renewed] = [await account(organization), await account(organization, 40)];
    const show = async () => (await w.operator.get(`/v1/connected-accounts/${renewed}`)).body;
    const dueAtMs = Date.parse((await show()).next_refresh_at);
    let told = 2;
    for (const beganAt = Date.now(); Date.now() - beganAt < 20_000;) {
      await w.operator.post(`/v1/connected-accounts/${talking}/disable`);
      await w.operator.post(`/v1/connected-accounts/${talking}/enable`);
      told += 1;
      await expect.poll(() => delays.length, { timeout: PATIENCE_MS }).toBe(told);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(Math.max(...delays)).toBeLessThan(HANG_MS);
    await expect
      .poll(async () => (await show()).last_refreshed_at, { timeout: PATIENCE_MS, interval: 250 })
      .not.toBeNull();
    const lateMs = Date.parse((await show()).last_refreshed_at) - dueAtMs;
    expect(lateMs).toBeLessThan(HANG_MS);
  });
});
