/**
 * Endpoints as objects read them before they deliver: bounded in time, never thrown, at most two seconds old. A change
 * made in this isolate is seen by it at once. Secrets stay ciphertexts; the key that opens them comes along wrapped.
 */

import { openDataKey } from '#crypto/envelope.ts';
import { WEBHOOKS_OWNER } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { systemNow, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import type { SqlRow } from '../ask.ts';
import { endpointFromSql, isAuthentic, type WebhookEndpointRow } from './webhook-endpoint-row.ts';

/** How long an answer is used: an endpoint deleted elsewhere gets nothing more after this. */
export const ENDPOINTS_MAX_AGE_MS = 2_000;
/** Lists of one organization each; one endpoint is about a kilobyte. */
const REMEMBERED = 200;

/** The endpoints that there are to deliver to. */
export interface LoadedEndpoints {
  /** In no order; disabled ones too. An endpoint that is not here, and not in `untrusted`, has been deleted. */
  readonly endpoints: readonly WebhookEndpointRow[];
  /** Wrapped key that opens their secrets (owner `WEBHOOKS_OWNER`); null where there are no endpoints. */
  readonly dataKey: string | null;
  /**
   * Ids of rows that were changed outside the broker: nothing is sent by them, and deliveries that wait for them wait
   * on.
   */
  readonly untrusted: readonly string[];
}

const NONE: LoadedEndpoints = { endpoints: [], dataKey: null, untrusted: [] };

interface Kept {
  readonly askedAtMs: number;
  readonly epoch: number;
  readonly db: D1Database;
  readonly masterKeys: string | null;
  readonly loaded: LoadedEndpoints;
}

const kept = new BoundedMap<string, Kept>(REMEMBERED);
let epoch = 0;

/** The next question goes to the directory. For code that changes an endpoint in this isolate. */
export function forgetEndpoints(): void {
  epoch += 1;
}

/**
 * All endpoints, or those of the named organizations (empty for none). `unavailable` where the directory does not say
 * so within `timeoutMs`, or what it says cannot be trusted: then nothing is known, and least of all that an endpoint
 * was deleted. Never throws.
 *
 * @param masterKeys the deployment's ring: rows are compared with their MACs
 * @param organizations null: of all, which is as many rows as there are organizations with endpoints
 */
export async function loadEndpoints(
  db: D1Database,
  masterKeys: string | null,
  timeoutMs: number,
  organizations: readonly string[] | null = null,
): Promise<LoadedEndpoints | 'unavailable'> {
  const name = JSON.stringify(organizations);
  const known = kept.get(name);
  const askedAtMs = systemNow();
  if (known !== undefined && known.db === db && known.masterKeys === masterKeys && known.epoch === epoch) {
    const ageMs = askedAtMs - known.askedAtMs;
    if (ageMs >= 0 && ageMs < ENDPOINTS_MAX_AGE_MS) return known.loaded;
  }
  const asked = epoch;
  const loaded = await within(timeoutMs, trusted(db, masterKeys, organizations), 'unavailable' as const);
  // Answers are kept, never questions: a question belongs to the request that asked it and may end with it.
  if (loaded !== 'unavailable') kept.set(name, { askedAtMs, epoch: asked, db, masterKeys, loaded });
  return loaded;
}

const ENDPOINTS = `SELECT e.*, (SELECT wrapped FROM data_key WHERE purpose = 'webhook') AS data_key
  FROM webhook_endpoint e WHERE ?1 IS NULL OR e.organization IN (SELECT value FROM json_each(?1))`;

async function trusted(
  db: D1Database,
  masterKeys: string | null,
  organizations: readonly string[] | null,
): Promise<LoadedEndpoints | 'unavailable'> {
  const filter = organizations === null ? null : JSON.stringify(organizations);
  const { results } = await db.prepare(ENDPOINTS).bind(filter).all<SqlRow>();
  const first = results[0];
  if (first === undefined) return NONE;
  const ring = await ringOf(masterKeys);
  const dataKey = first['data_key'];
  if (!ring.ok || typeof dataKey !== 'string') return refused(ring.ok ? 'record_corrupt' : ring.error.code);
  const key = await openDataKey(ring.value, WEBHOOKS_OWNER, dataKey);
  if (!key.ok) return refused(key.error.code);
  const authentic = results.filter((row) => isAuthentic(key.value.mac, row));
  const untrusted = results.filter((row) => !authentic.includes(row)).map((row) => String(row['id']));
  if (untrusted.length > 0) {
    log('error', 'webhook endpoints do not match their MACs', { endpoints: untrusted });
  }
  return { endpoints: authentic.map(endpointFromSql), dataKey, untrusted };
}

function refused(reason: string): 'unavailable' {
  log('error', 'webhook endpoints are not taken over', { reason });
  return 'unavailable';
}
