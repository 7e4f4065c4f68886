/**
 * What the directory forgets, and when: its log of events and its index of deliveries would grow for ever. Oldest first,
 * a bounded number per call, so that neither a cron run nor D1 is held by a backlog; the next run goes on. The outboxes of
 * the objects have a time of their own (`outbox`), and nothing here is what they deliver from.
 */

import type { Config } from '#env.ts';
import { systemNow } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { ask } from './ask.ts';

const DAY_MS = 24 * 3_600_000;
/** How far back a consumer can catch up with `GET /v1/events`. */
export const EVENTS_KEPT_DAYS = 90;
/** As long as an object keeps what it could send again. A waiting delivery is never dropped. */
export const DELIVERIES_KEPT_DAYS = 30;

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

/** How many rows went. */
export interface Dropped {
  readonly events: number;
  readonly deliveries: number;
}

/** Drops what is older than it is kept. Null where the directory does not answer: the next run goes on. Never throws. */
export async function dropOldNews(
  { directory: db }: Pick<Config, 'directory'>,
  nowMs: number = systemNow(),
): Promise<Dropped | null> {
  try {
    const events = await drop(db, DROP_EVENTS, nowMs - EVENTS_KEPT_DAYS * DAY_MS);
    const deliveries = await drop(db, DROP_DELIVERIES, nowMs - DELIVERIES_KEPT_DAYS * DAY_MS);
    return { events, deliveries };
  } catch (error) {
    log('warn', 'old events and deliveries were not dropped', { error });
    return null;
  }
}

async function drop(db: D1Database, statement: string, beforeMs: number): Promise<number> {
  let dropped = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const done = await ask(() => db.prepare(statement).bind(beforeMs, BATCH).run());
    dropped += done.meta.changes;
    if (done.meta.changes < BATCH) break;
  }
  return dropped;
}
