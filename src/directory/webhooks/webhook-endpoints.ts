/**
 * The table `webhook_endpoint`, as operators see and change it. A secret is drawn here, leaves in the one answer
 * that made it, and is stored as a ciphertext. It refuses to judge a URL or a filter: the route has done that (api).
 * Attempts change an endpoint in `webhook-health.ts`, objects read it in `webhook-settings.ts`.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { newId } from '#crypto/api-keys.ts';
import { decryptText, encryptText, type DataKey } from '#crypto/envelope.ts';
import { webhookSecretPlace } from '#crypto/places.ts';
import { createWebhookSecret } from '#crypto/webhook-secret.ts';
import { afterSuccess, HEALTHY, type EndpointHealth } from '#webhooks/endpoint-health.ts';
import { ask, type SqlRow } from '../ask.ts';
import type { ListPosition } from '../connections/connections.ts';
import { openWebhookKey, webhookKey, type VaultConfig } from '../keys/data-key.ts';
import { countWaiting } from './deliveries.ts';
import { listConditions } from '../indexes/list-conditions.ts';
import { bySystem, runRecorded, type OrganizationRecord } from '../organization-audit.ts';
import {
  endpointFromSql,
  healthToSql,
  isAuthentic,
  secretsInForce,
  settingsToSql,
  type HealthColumns,
  type WebhookEndpointRow,
} from './webhook-endpoint-row.ts';
import { forgetEndpoints } from './webhook-settings.ts';

/** Per organization; none counts as one. Every event of it is matched against all of them. */
export const MAX_ENDPOINTS = 20;
/** How long a replaced secret signs beside the new one: time to deploy the new one at the receiver. */
export const REPLACED_SECRET_LIFE_MS = 24 * 3_600_000;
/** Changes of one row that meet are made one after the other; more at once than this are told so. */
const MAX_TRIES = 5;

function recordOf(
  action: Extract<AuditAction, `webhook.${string}`>,
  { id, organization }: Pick<WebhookEndpointRow, 'id' | 'organization'>,
  context: RequestContext,
  atMs: number,
): OrganizationRecord {
  return { organization, fields: { action, outcome: 'ok', evidence: [`endpoint:${id}`] }, context, atMs };
}

/** What a new endpoint is made of. */
export type EndpointDraft = Pick<WebhookEndpointRow, 'organization' | 'url' | 'events' | 'description'>;

/** An endpoint with the secret that was drawn for it. `secret` is to be shown once and is nowhere else in plain. */
export interface WithSecret {
  readonly endpoint: WebhookEndpointRow;
  readonly secret: string;
}

/**
 * Makes an endpoint and its first secret; null where its organization has `MAX_ENDPOINTS` already. `context`, here and
 * below: of the request, for the chain of its organization.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export async function createEndpoint(
  config: VaultConfig,
  draft: EndpointDraft,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<WithSecret | null> {
  const key = await webhookKey(config);
  const id = newId('we');
  const secret = createWebhookSecret();
  const endpoint: WebhookEndpointRow = {
    ...draft,
    id,
    secrets: [await encryptText(key, webhookSecretPlace(id, 0), secret)],
    secretsUntilMs: null,
    version: 1,
    health: HEALTHY,
    statusReason: null,
    lastOk: false,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const row = { ...settingsToSql(key.mac, endpoint), ...healthToSql(endpoint) };
  const names = Object.keys(row);
  const insert = `INSERT INTO webhook_endpoint (${names.join(', ')}) SELECT ${names.map(() => '?').join(', ')}
    WHERE (SELECT count(*) FROM webhook_endpoint WHERE organization = ?) < ?`;
  const values = [...Object.values(row), draft.organization, MAX_ENDPOINTS];
  const record = recordOf('webhook.create', endpoint, context, nowMs);
  const made = await runRecorded(config, record, config.directory.prepare(insert).bind(...values));
  forgetEndpoints();
  return made ? { endpoint, secret } : null;
}

async function rowOf(db: D1Database, id: string): Promise<SqlRow | null> {
  return ask(() => db.prepare('SELECT * FROM webhook_endpoint WHERE id = ?').bind(id).first<SqlRow>());
}

/** One endpoint as it is stored, or null: to be shown, not to be used. @throws ProblemError `unavailable` */
export async function findEndpoint(db: D1Database, id: string): Promise<WebhookEndpointRow | null> {
  const row = await rowOf(db, id);
  return row === null ? null : endpointFromSql(row);
}

/**
 * One endpoint that something may be sent to, with the key of its secrets as it is stored; null where there is none.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt` (its row was changed outside the broker)
 */
export async function trustedEndpoint(
  config: VaultConfig,
  id: string,
): Promise<{ readonly endpoint: WebhookEndpointRow; readonly dataKey: string } | null> {
  const query = `SELECT e.*, (SELECT wrapped FROM data_key WHERE purpose = 'webhook') AS data_key
    FROM webhook_endpoint e WHERE e.id = ?`;
  const row = await ask(() => config.directory.prepare(query).bind(id).first<SqlRow>());
  if (row === null) return null;
  const dataKey = row['data_key'] == null ? null : String(row['data_key']);
  const key = await openWebhookKey(config, dataKey);
  if (!isAuthentic(key.mac, row)) throw changedOutside(id);
  return { endpoint: endpointFromSql(row), dataKey: String(dataKey) };
}

function changedOutside(id: string): ProblemError {
  return new ProblemError('record_corrupt', { detail: `the endpoint ${id} does not match its MAC` });
}

/** Which endpoints, and where the page begins. `organization`: null for all of them, empty for those of none. */
export interface EndpointPage {
  readonly organization: string | null;
  readonly limit: number;
  readonly after: ListPosition | null;
}

/** Newest first. @throws ProblemError `unavailable` */
export async function listEndpoints(db: D1Database, page: EndpointPage): Promise<WebhookEndpointRow[]> {
  const { where, values } = listConditions({ organization: page.organization }, page.after);
  const query = `SELECT * FROM webhook_endpoint WHERE ${where} ORDER BY created_at_ms DESC, id DESC LIMIT ?`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(...values, page.limit)
      .all<SqlRow>(),
  );
  return rows.results.map(endpointFromSql);
}

/** What an operator changes; what is left out stays. */
export interface EndpointChanges {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string | null;
  /** `active` enables a disabled endpoint, and takes the operator's word for one that is failing. */
  readonly status?: 'active' | 'disabled';
}

/**
 * The changed endpoint, or null where there is none.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`, `conflict` (others keep changing it)
 */
export async function updateEndpoint(
  config: VaultConfig,
  id: string,
  changes: EndpointChanges,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<WebhookEndpointRow | null> {
  const record = { action: 'webhook.update', context } as const;
  return change(config, id, nowMs, record, async (present) => {
    const { url = present.url, events = present.events, description = present.description } = changes;
    const waiting = changes.status === 'active' ? await countWaiting(config.directory, id) : 0;
    return {
      ...present,
      url,
      events,
      description,
      ...healthAfter(present, changes, waiting, nowMs),
    };
  });
}

/** Attempts go on changing the health of an endpoint: only what this change is about is taken from it. */
function healthAfter(
  present: WebhookEndpointRow,
  { url = present.url, status }: EndpointChanges,
  waiting: number,
  nowMs: number,
): Partial<HealthColumns> {
  const { health } = present;
  if (status === 'disabled' && health.status !== 'disabled') {
    return { health: { ...HEALTHY, status }, statusReason: 'operator', lastOk: false };
  }
  if (status === 'active' && health.status !== 'active') {
    const known = { ...health, waiting: Math.max(health.waiting, waiting) };
    return {
      health: health.status === 'disabled' ? HEALTHY : afterSuccess(known, nowMs),
      statusReason: null,
      lastOk: false,
    };
  }
  return url === present.url ? {} : { health: movedElsewhere(health, nowMs), lastOk: false };
}

/** What failed was another receiver: the new one may be probed at once, and has no refusal yet. */
function movedElsewhere(health: EndpointHealth, nowMs: number): EndpointHealth {
  if (health.status === 'failing') return { ...health, nextProbeAtMs: nowMs };
  return { ...health, failingSinceMs: null };
}

/**
 * Draws a new secret; the secret before signs beside it for 24 h. A secret that was replaced earlier and still signs
 * ends now. Null where there is no such endpoint.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`, `conflict` (others keep changing it)
 */
export async function rotateEndpointSecret(
  config: VaultConfig,
  id: string,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<WithSecret | null> {
  const secret = createWebhookSecret();
  const record = { action: 'webhook.rotate_secret', context } as const;
  const endpoint = await change(config, id, nowMs, record, async (present, key) => ({
    ...present,
    secrets: await Promise.all(
      [secret, await newestSecret(key, present)].map((text, index) =>
        encryptText(key, webhookSecretPlace(id, index), text),
      ),
    ),
    secretsUntilMs: nowMs + REPLACED_SECRET_LIFE_MS,
  }));
  return endpoint === null ? null : { endpoint, secret };
}

/** Its place in the list is part of a ciphertext, so a secret that moves back is encrypted anew. */
async function newestSecret(key: DataKey, { id, secrets }: WebhookEndpointRow): Promise<string> {
  const text = await decryptText(key, webhookSecretPlace(id, 0), secrets[0] ?? '');
  if (text.ok) return text.value;
  throw new ProblemError('record_corrupt', { detail: `the secret of the endpoint ${id} does not open` });
}

interface ChangeRecord {
  readonly action: 'webhook.update' | 'webhook.rotate_secret';
  readonly context: RequestContext;
}

/** Reads, changes and writes; where another was quicker, again from what that one left. */
async function change(
  config: VaultConfig,
  id: string,
  nowMs: number,
  { action, context }: ChangeRecord,
  changed: (present: WebhookEndpointRow, key: DataKey) => Promise<WebhookEndpointRow>,
): Promise<WebhookEndpointRow | null> {
  const { directory: db } = config;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const row = await rowOf(db, id);
    if (row === null) return null;
    const key = await webhookKey(config);
    if (!isAuthentic(key.mac, row)) throw changedOutside(id);
    const present = endpointFromSql(row);
    const next = await changed(present, key);
    const kept = secretsInForce(next, nowMs);
    const stored: WebhookEndpointRow = {
      ...next,
      // A replaced secret that has ended leaves with the next change.
      secrets: kept,
      secretsUntilMs: kept.length > 1 ? next.secretsUntilMs : null,
      version: present.version + 1,
      updatedAtMs: Math.max(nowMs, present.updatedAtMs),
    };
    const record = recordOf(action, present, context, nowMs);
    if (await write(config, key, record, present, stored)) return stored;
  }
  throw new ProblemError('conflict', { detail: 'the endpoint is being changed by others; try again' });
}

async function write(
  config: VaultConfig,
  key: DataKey,
  record: OrganizationRecord,
  present: WebhookEndpointRow,
  stored: WebhookEndpointRow,
): Promise<boolean> {
  const columns = {
    ...settingsToSql(key.mac, stored),
    ...(stored.health === present.health ? {} : healthToSql(stored)),
  };
  const set = Object.keys(columns).map((name) => `${name} = ?`);
  const update = `UPDATE webhook_endpoint SET ${set.join(', ')} WHERE id = ? AND version = ?`;
  const values = [...Object.values(columns), present.id, present.version];
  const changed = await runRecorded(config, record, config.directory.prepare(update).bind(...values));
  forgetEndpoints();
  return changed;
}

/**
 * Deletes an endpoint: nothing more is sent to it, and what still waited for it is listed as failed (the objects that
 * hold it find out with their next look). False where there was none.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function deleteEndpoint(
  config: VaultConfig,
  id: string,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<boolean> {
  const { directory: db } = config;
  const present = await findEndpoint(db, id);
  if (present === null) return false;
  const gone = await runRecorded(
    config,
    recordOf('webhook.delete', present, context, nowMs),
    db.prepare('DELETE FROM webhook_endpoint WHERE id = ?').bind(id),
    [
      db
        .prepare(
          `UPDATE delivery_index SET status = 'failed', next_attempt_at_ms = NULL, updated_at_ms = max(updated_at_ms, ?)
           WHERE endpoint = ? AND status = 'waiting'`,
        )
        .bind(nowMs, id),
    ],
  );
  forgetEndpoints();
  return gone;
}
