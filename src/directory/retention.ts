/**
 * What the directory forgets, and when: its log of events, its index of deliveries and the chains of organizations would
 * grow for ever. Oldest first, a bounded number per call, so that neither a cron run nor D1 is held by a backlog; the
 * next run goes on. The outboxes of the objects have a time of their own (`outbox`), and nothing here is what they
 * deliver from. What else is dropped goes with the next row of its table (`idempotency.ts`, `connect-sessions.ts`).
 */

import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { ask } from './ask.ts';
import { dropOldRecords } from './organization-audit.ts';

const DAY_MS = 24 * 3_600_000;
/** How far back a consumer can catch up with `GET /v1/events`. */
export const EVENTS_KEPT_DAYS = 90;
/** As long as an object keeps what it could send again. */
export const DELIVERIES_KEPT_DAYS = 30;
/** A delivery waits for days at most: a row that still says so then is of an object that cannot tell its end any more. */
const WAITING_KEPT_DAYS = EVENTS_KEPT_DAYS;
/** The same of news of a connection whose account never took them. */
const UNTAKEN_NEWS_KEPT_DAYS = EVENTS_KEPT_DAYS;
/** So long a retired client waits for an account that the index does not know of yet. */
const RETIRED_KEPT_DAYS = 1;
/** A year, and the time in which somebody looks back at it. */
const RECORDS_KEPT_DAYS = 400;

/** Rows of one statement. */
const BATCH = 500;
/** Of each table per call: four calls an hour clear two million rows a day. */
const MAX_BATCHES = 40;

/**
 * Only the oldest rows by arrival are looked at, so that no call reads the table: an event that arrived early and is
 * young keeps those behind it until it is old as well.
 */
const DROP_EVENTS = `DELETE FROM event WHERE n IN (
  SELECT n FROM (SELECT n, at_ms FROM event ORDER BY n LIMIT ?2) WHERE at_ms < ?1)`;

const DROP_DELIVERIES = `DELETE FROM delivery_index WHERE id IN (
  SELECT id FROM delivery_index WHERE created_at_ms < ?1 AND status <> 'waiting' ORDER BY created_at_ms, id LIMIT ?2)`;

const DROP_WAITING = `DELETE FROM delivery_index WHERE id IN (
  SELECT id FROM delivery_index WHERE created_at_ms < ?1 ORDER BY created_at_ms, id LIMIT ?2)`;

const DROP_NEWS = `DELETE FROM connection_news WHERE id IN (
  SELECT id FROM connection_news WHERE at_ms < ?1 ORDER BY at_ms, id LIMIT ?2)`;

const DROP_OWN_NEWS = `DELETE FROM own_client_news WHERE id IN (
  SELECT id FROM own_client_news WHERE at_ms < ?1 ORDER BY at_ms, id LIMIT ?2)`;

/** A client that was replaced or removed is kept for the grants that it has made. */
const DROP_UNUSED_CLIENTS = `DELETE FROM own_client WHERE (connection, organization, client_id) IN (
  SELECT k.connection, k.organization, k.client_id FROM own_client k
  WHERE k.state = 'retired' AND k.updated_at_ms < ?1 AND NOT EXISTS (SELECT 1 FROM account_index a
    WHERE a.connection = k.connection AND a.organization = k.organization) LIMIT ?2)`;

/** Batches of what only an accident leaves lying: the cron run has other questions to ask. */
const FEW_BATCHES = 4;

/** How many rows went. */
export interface Dropped {
  readonly events: number;
  readonly deliveries: number;
  /** Of the chains of organizations. */
  readonly records: number;
  /** Of connections, which no account has taken. */
  readonly news: number;
  /** Clients of organizations, which no account can have a grant of any more. */
  readonly clients: number;
}

/** Drops what is older than it is kept. Null where the directory does not answer: the next run goes on. Never throws. */
export async function dropOldNews(
  config: Pick<Config, 'directory' | 'masterKeys'>,
  nowMs: number = systemNow(),
): Promise<Dropped | null> {
  const { directory: db } = config;
  const before = (days: number) => nowMs - days * DAY_MS;
  try {
    const events = await drop(db, DROP_EVENTS, before(EVENTS_KEPT_DAYS));
    const ended = await drop(db, DROP_DELIVERIES, before(DELIVERIES_KEPT_DAYS));
    const waiting = await drop(db, DROP_WAITING, before(WAITING_KEPT_DAYS), FEW_BATCHES);
    const news = await drop(db, DROP_NEWS, before(UNTAKEN_NEWS_KEPT_DAYS), FEW_BATCHES);
    const ownNews = await drop(db, DROP_OWN_NEWS, before(UNTAKEN_NEWS_KEPT_DAYS), FEW_BATCHES);
    const unused = await drop(db, DROP_UNUSED_CLIENTS, before(RETIRED_KEPT_DAYS), FEW_BATCHES);
    const records = await dropRecords(config, before(RECORDS_KEPT_DAYS));
    return { events, deliveries: ended + waiting, records, news: news + ownNews, clients: unused };
  } catch (error) {
    log('warn', 'old events and deliveries were not dropped', { error });
    return null;
  }
}

/** Under a wrong ring no chain is shortened, and the rest goes all the same. */
async function dropRecords(
  config: Pick<Config, 'directory' | 'masterKeys'>,
  beforeMs: number,
): Promise<number> {
  try {
    return await dropOldRecords(config, beforeMs);
  } catch (error) {
    log('warn', 'old records of organizations were not dropped', { error });
    return 0;
  }
}

async function drop(
  db: D1Database,
  statement: string,
  beforeMs: number,
  batches = MAX_BATCHES,
): Promise<number> {
  let dropped = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    const done = await ask(() => db.prepare(statement).bind(beforeMs, BATCH).run());
    dropped += done.meta.changes;
    if (done.meta.changes < BATCH) break;
  }
  return dropped;
}
