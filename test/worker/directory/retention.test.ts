/** What the directory forgets: what is old, oldest first, some at a time, and nothing that may still be needed. */

import { createExecutionContext, createScheduledController, waitOnExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { headMac } from '#audit/chain.ts';
import { controlKey } from '#directory/keys/data-key.ts';
import { RECORDS_KEPT } from '#directory/organization-audit.ts';
import { DELIVERIES_KEPT_DAYS, dropOldNews, EVENTS_KEPT_DAYS } from '#directory/retention.ts';
import { configOf } from '#env.ts';
import worker from '../../../src/index.ts';
import { configWith, db, downDatabase, masterKey } from './world.ts';

const DAY_MS = 86_400_000;
const NOW = 1_800_000_000_000;
const config = configOf(env);

/** Events from `first` on, all of that age. */
async function events(first: number, count: number, ageDays: number, nowMs = NOW): Promise<void> {
  await db
    .prepare(
      `INSERT INTO event (id, type, at_ms, organization, connected_account_id, body, suppressed)
       WITH RECURSIVE c(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM c WHERE i < ?1 + ?2 - 1)
       SELECT 'evt_' || CAST(i AS INTEGER), 'agent.suspended', ?3, '', NULL, '{}', 0 FROM c`,
    )
    .bind(first, count, nowMs - ageDays * DAY_MS)
    .run();
}

async function deliveries(status: string, ageDays: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO delivery_index (id, event_id, type, endpoint, organization, source, status, attempts, created_at_ms,
         updated_at_ms)
       VALUES (?, 'evt_1', 'agent.suspended', 'we_1', '', 'agent:a', ?, 1, ?, ?)`,
    )
    .bind(`wd_${status}_${ageDays}`, status, NOW - ageDays * DAY_MS, NOW)
    .run();
}

const ids = async (table: string): Promise<string[]> =>
  (await db.prepare(`SELECT id FROM ${table} ORDER BY id`).all<{ id: string }>()).results.map(({ id }) => id);
const count = async (): Promise<number> => (await ids('event')).length;

beforeEach(async () => {
  await db.batch([db.prepare('DELETE FROM event'), db.prepare('DELETE FROM delivery_index')]);
});

describe('old events', () => {
  it(`go after ${EVENTS_KEPT_DAYS} days, and not before`, async () => {
    await events(1, 3, EVENTS_KEPT_DAYS + 1);
    await events(4, 2, EVENTS_KEPT_DAYS - 1);
    expect(await dropOldNews(config, NOW)).toMatchObject({ events: 3, deliveries: 0 });
    expect(await ids('event')).toEqual(['evt_4', 'evt_5']);
    expect(await dropOldNews(config, NOW)).toMatchObject({ events: 0, deliveries: 0 });
  });

  it('go in bounded numbers, the oldest first, and the next run goes on', async () => {
    await events(1, 20_600, 100);
    expect(await dropOldNews(config, NOW)).toMatchObject({ events: 20_000 });
    expect(await count()).toBe(600);
    expect((await ids('event'))[0]).toBe('evt_20001');
    expect(await dropOldNews(config, NOW)).toMatchObject({ events: 600 });
  });

  it('leave no number that is given out again', async () => {
    await events(1, 2, 100);
    await dropOldNews(config, NOW);
    await events(3, 1, 0);
    expect(await db.prepare('SELECT n > 2 AS later FROM event').first('later')).toBe(1);
  });
});

it(`deliveries go after ${DELIVERIES_KEPT_DAYS} days, but for those that wait`, async () => {
  for (const status of ['waiting', 'delivered', 'failed']) {
    await deliveries(status, DELIVERIES_KEPT_DAYS + 1);
    await deliveries(status, DELIVERIES_KEPT_DAYS - 1);
  }
  expect(await dropOldNews(config, NOW)).toMatchObject({ events: 0, deliveries: 2 });
  expect(await ids('delivery_index')).toEqual(
    ['wd_delivered_29', 'wd_failed_29', 'wd_waiting_29', 'wd_waiting_31'].toSorted(),
  );
});

it('a delivery that has waited for longer than any can is of an object that tells nothing any more, and goes', async () => {
  await deliveries('waiting', EVENTS_KEPT_DAYS + 1);
  await deliveries('waiting', EVENTS_KEPT_DAYS - 1);
  expect(await dropOldNews(config, NOW)).toMatchObject({ deliveries: 1 });
  expect(await ids('delivery_index')).toEqual([`wd_waiting_${EVENTS_KEPT_DAYS - 1}`]);
});

it('news of a connection that no account has ever taken go with the events of their time', async () => {
  const insert = `INSERT INTO connection_news (id, connection, rev, provider, type, at_ms, holder)
    VALUES (?, 'c', ?, 'custom', 'connection.outage', ?, 'ca_gone')`;
  const old = db.prepare(insert).bind('evt_old', 1, NOW - (EVENTS_KEPT_DAYS + 1) * DAY_MS);
  const young = db.prepare(insert).bind('evt_young', 2, NOW - (EVENTS_KEPT_DAYS - 1) * DAY_MS);
  await db.batch([db.prepare('DELETE FROM connection_news'), old, young]);
  expect(await dropOldNews(config, NOW)).toMatchObject({ news: 1 });
  expect(await ids('connection_news')).toEqual(['evt_young']);
});

it('under a wrong ring, which can sign no checkpoint, what needs none goes all the same', async () => {
  const { mac } = await controlKey(config);
  const head = { seq: RECORDS_KEPT + 1, hash: 'h' };
  await db.batch([
    db.prepare('DELETE FROM organization_audit'),
    db.prepare('DELETE FROM organization_audit_head'),
    db.prepare(`INSERT INTO organization_audit VALUES ('acme', 1, 1, 'connection.create', '{}', 'h')`),
    db
      .prepare('INSERT INTO organization_audit_head VALUES (?, ?, ?, ?)')
      .bind('acme', head.seq, head.hash, headMac(mac, 'acme', head)),
  ]);
  await events(1, 2, EVENTS_KEPT_DAYS + 1);
  const wrong = configWith(`k9:${masterKey()}`);
  expect(await dropOldNews(wrong, NOW)).toMatchObject({ events: 2, records: 0 });
  expect(await db.prepare('SELECT count(*) AS n FROM organization_audit').first('n')).toBe(1);
});

it('a directory that does not answer is asked by the next run', async () => {
  expect(await dropOldNews({ ...config, directory: downDatabase() }, NOW)).toBeNull();
});

it('the cron run drops them, and `after` one that is gone is refused with the number of days', async () => {
  const main = (exports as unknown as { default: Fetcher }).default;
  const list = (after: string) =>
    main.fetch(`http://127.0.0.1:8787/v1/events?after=${after}`, {
      headers: { authorization: `Bearer ${config.adminKey}` },
    });
  await events(1, 1, 100, Date.now());
  await events(2, 1, 1, Date.now());
  expect((await list('evt_1')).status).toBe(200);
  const context = createExecutionContext();
  worker.scheduled(createScheduledController({ cron: '*/15 * * * *' }) as never, env as never, context);
  await waitOnExecutionContext(context);
  const answer = await list('evt_1');
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    code: 'invalid_request',
    errors: [{ path: 'after', message: `there is no such event; events are kept ${EVENTS_KEPT_DAYS} days` }],
  });
  expect((await list('evt_2')).status).toBe(200);
});
