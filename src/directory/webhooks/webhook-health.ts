/**
 * What attempts tell of an endpoint, noted for all accounts that send to it: the health columns of `webhook_endpoint`.
 * The decisions are `webhooks/endpoint-health.ts`; here each is written only over the row that it was made from, so
 * that of many writers at the same time none overwrites another. Needs no key, sends nothing.
 */

import { ProblemError } from '#contract/problem.ts';
import {
  afterFailure,
  afterGone,
  afterSuccess,
  DRAIN_GAP_MS,
  drainTimes,
  mayProbe,
  takeProbe as withProbeTaken,
  type EndpointHealth,
} from '#webhooks/endpoint-health.ts';
import { ask, type SqlRow } from '../ask.ts';
import { refuseNewerDirectory } from '../schema-major.ts';
import { countWaiting } from './deliveries.ts';
import { healthFromSql, healthToSql, type HealthColumns } from './webhook-endpoint-row.ts';
import { forgetEndpoints } from './webhook-settings.ts';

/** A result that meets others looks again: mostly they have said what it had to say. */
const MAX_TRIES = 5;
const RETRY_AFTER_S = 1;

/** How an attempt of any delivery ended: `gone` is a 410, `failed` everything else that is no 2xx. */
export type EndpointResult = 'ok' | 'failed' | 'gone';

async function healthOf(db: D1Database, id: string): Promise<HealthColumns | null> {
  await refuseNewerDirectory(db);
  const row = await ask(() =>
    db.prepare('SELECT * FROM webhook_endpoint WHERE id = ?').bind(id).first<SqlRow>(),
  );
  return row === null ? null : healthFromSql(row);
}

/** Writes `next` over `read` and over nothing else. `nowMs` is when the status changed, if it does. */
async function replace(
  db: D1Database,
  id: string,
  read: HealthColumns,
  next: HealthColumns,
  nowMs: number,
): Promise<boolean> {
  const [was, is] = [healthToSql(read), healthToSql(next)];
  const names = Object.keys(is);
  const update = `UPDATE webhook_endpoint SET ${names.map((name) => `${name} = ?`).join(', ')},
    updated_at_ms = max(updated_at_ms, ?)
    WHERE id = ? AND ${names.map((name) => `${name} IS ?`).join(' AND ')}`;
  const updatedAtMs = next.health.status === read.health.status ? 0 : nowMs;
  const values = [...Object.values(is), updatedAtMs, id, ...Object.values(was)];
  await refuseNewerDirectory(db);
  const done = await ask(() =>
    db
      .prepare(update)
      .bind(...values)
      .run(),
  );
  if (done.meta.changes > 0) forgetEndpoints();
  return done.meta.changes > 0;
}

/**
 * Notes how an attempt ended. Costs one read, and a write only where it is news: the first failure, the one that makes
 * the endpoint failing, the first 2xx after it, a 410. An endpoint that was loaded as healthy and answers 2xx need not
 * be told. An endpoint that is disabled stays so.
 *
 * @returns the endpoint's health afterwards; null: it has been deleted
 * @throws ProblemError `unavailable`
 */
export async function recordEndpointResult(
  db: D1Database,
  id: string,
  result: EndpointResult,
  nowMs: number,
): Promise<EndpointHealth | null> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const read = await healthOf(db, id);
    if (read === null) return null;
    const next = await after(db, id, read, result, nowMs);
    if (next.health === read.health && next.lastOk === read.lastOk) return read.health;
    if (await replace(db, id, read, next, nowMs)) return next.health;
  }
  throw new ProblemError('unavailable', {
    detail: 'the health of a webhook endpoint keeps changing',
    retryAfterS: RETRY_AFTER_S,
  });
}

async function after(
  db: D1Database,
  id: string,
  read: HealthColumns,
  result: EndpointResult,
  nowMs: number,
): Promise<HealthColumns> {
  const { health } = read;
  if (health.status === 'disabled') return read;
  switch (result) {
    case 'gone':
      return { health: afterGone(health), statusReason: 'gone', lastOk: false };
    case 'failed':
      return { ...read, health: afterFailure(health, nowMs), lastOk: false };
    case 'ok': {
      // How fast the waiting ones may come back depends on how many there are, and only the directory sees them all.
      const waiting = health.status === 'failing' ? await countWaiting(db, id) : 0;
      const counted = waiting > health.waiting ? { ...health, waiting } : health;
      return { ...read, health: afterSuccess(counted, nowMs), lastOk: true };
    }
  }
}

/** One statement for all accounts that come at the same time: each gets places behind those of the others. */
const TAKE_PLACES = `UPDATE webhook_endpoint SET drain_from_ms = max(coalesce(drain_from_ms, ?1), ?1) + ?2
  WHERE id = ?3 AND status = 'active' RETURNING drain_from_ms AS taken`;

/**
 * Takes places for `own` deliveries that come back to an endpoint which answers again: when each may leave, rising.
 * Null: it is gone or does not answer any more. @throws ProblemError `unavailable`
 */
export async function takeDrainPlaces(
  db: D1Database,
  id: string,
  own: number,
  nowMs: number,
): Promise<readonly number[] | null> {
  const takenMs = await ask(() =>
    db
      .prepare(TAKE_PLACES)
      .bind(nowMs, own * DRAIN_GAP_MS, id)
      .first<number>('taken'),
  );
  if (takenMs === null) return null;
  return drainTimes({ takenUntilMs: takenMs - own * DRAIN_GAP_MS, own, nowMs }).atMs;
}

/**
 * Takes the lease of the next probe of a failing endpoint: true for one caller, which sends it now. A caller that dies
 * with it costs one probe. False while it is not due, for an endpoint that is not failing, and for one that was
 * deleted.
 * @throws ProblemError `unavailable`
 */
export async function takeProbe(db: D1Database, id: string, nowMs: number): Promise<boolean> {
  const read = await healthOf(db, id);
  if (read === null || !mayProbe(read.health, nowMs)) return false;
  return replace(db, id, read, { ...read, health: withProbeTaken(read.health, nowMs) }, nowMs);
}
