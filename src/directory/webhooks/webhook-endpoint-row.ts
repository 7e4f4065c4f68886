/**
 * The row of a webhook endpoint, both ways, and the MAC over its columns that decide what is sent where under which
 * secret: an attacker that can write to the directory alone makes no row, and changes none, that is used. A whole
 * earlier row, put back with its own MAC, was written by the broker: it is used, with the URL and the secrets of then.
 * Health lies outside the MAC: it changes with every outage, by objects that hold no key of this table, and decides
 * only when something is sent.
 */

import { equalSecrets, rowMac } from '#crypto/digest.ts';
import type { EndpointHealth } from '#webhooks/endpoint-health.ts';
import type { SqlRow } from '../ask.ts';

/** Why an endpoint is disabled: it answered 410, or an operator did it. */
export type DisabledReason = 'gone' | 'operator';

/** An endpoint as it is stored. All `…Ms` are epoch milliseconds. */
export interface WebhookEndpointRow {
  /** `we_…` */
  readonly id: string;
  /** Empty for none. Never changes. */
  readonly organization: string;
  readonly url: string;
  /** Filters, see `isEventFilter`. */
  readonly events: readonly string[];
  readonly description: string | null;
  /** Ciphertexts under the webhook data key, newest first, each at its `webhookSecretPlace`; `secretsInForce` of them sign. */
  readonly secrets: readonly string[];
  /** Until when a replaced secret signs beside the new one; null: it has not been replaced. */
  readonly secretsUntilMs: number | null;
  /** Rises with every change of an operator. */
  readonly version: number;
  readonly health: EndpointHealth;
  /** Null unless it is disabled. */
  readonly statusReason: DisabledReason | null;
  /** Its last attempt got a 2xx. False for a new one. */
  readonly lastOk: boolean;
  readonly createdAtMs: number;
  /** Of the last change by an operator or of the status. */
  readonly updatedAtMs: number;
}

/** Covered by the MAC, in this order, as stored. Part of the format. */
const PROTECTED = ['id', 'organization', 'url', 'events', 'secrets', 'secrets_until_ms', 'version'] as const;

function macOf(macKey: Uint8Array, row: SqlRow): string {
  return rowMac(
    macKey,
    'webhook_endpoint',
    PROTECTED.map((name) => row[name] ?? null),
  );
}

/** What an operator decides, with its MAC. */
export function settingsToSql(macKey: Uint8Array, row: WebhookEndpointRow): SqlRow {
  const columns: SqlRow = {
    id: row.id,
    organization: row.organization,
    url: row.url,
    events: JSON.stringify(row.events),
    description: row.description,
    secrets: JSON.stringify(row.secrets),
    secrets_until_ms: row.secretsUntilMs,
    version: row.version,
    created_at_ms: row.createdAtMs,
    updated_at_ms: row.updatedAtMs,
  };
  return { ...columns, mac: macOf(macKey, columns) };
}

/** What attempts change. */
export function healthToSql({ health, statusReason, lastOk }: HealthColumns): SqlRow {
  return {
    status: health.status,
    status_reason: statusReason,
    failing_since_ms: health.failingSinceMs,
    next_probe_at_ms: health.nextProbeAtMs,
    drain_from_ms: health.drainFromMs,
    drain_until_ms: health.drainUntilMs,
    waiting: health.waiting,
    last_ok: Number(lastOk),
  };
}

/** The part of a row that attempts change. */
export type HealthColumns = Pick<WebhookEndpointRow, 'health' | 'statusReason' | 'lastOk'>;

/** Whether the row is as the broker wrote it. To be asked before anything is sent by it, not before it is shown. */
export function isAuthentic(macKey: Uint8Array, row: SqlRow): boolean {
  return equalSecrets(macOf(macKey, row), String(row['mac']));
}

const numberOrNull = (value: SqlRow[string] | undefined): number | null =>
  value == null ? null : Number(value);

export function healthFromSql(row: SqlRow): HealthColumns {
  return {
    health: {
      status: String(row['status']) as EndpointHealth['status'],
      failingSinceMs: numberOrNull(row['failing_since_ms']),
      nextProbeAtMs: numberOrNull(row['next_probe_at_ms']),
      drainFromMs: numberOrNull(row['drain_from_ms']),
      drainUntilMs: numberOrNull(row['drain_until_ms']),
      waiting: Number(row['waiting']),
    },
    statusReason: (row['status_reason'] ?? null) as DisabledReason | null,
    lastOk: Number(row['last_ok']) !== 0,
  };
}

export function endpointFromSql(row: SqlRow): WebhookEndpointRow {
  return {
    id: String(row['id']),
    organization: String(row['organization']),
    url: String(row['url']),
    events: JSON.parse(String(row['events'])),
    description: row['description'] == null ? null : String(row['description']),
    secrets: JSON.parse(String(row['secrets'])),
    secretsUntilMs: numberOrNull(row['secrets_until_ms']),
    version: Number(row['version']),
    ...healthFromSql(row),
    createdAtMs: Number(row['created_at_ms']),
    updatedAtMs: Number(row['updated_at_ms']),
  };
}

/**
 * The ciphertexts that sign now, newest first: one, or two while a secret is replaced. Each one's position is its index
 * in `webhookSecretPlace`.
 */
export function secretsInForce(
  endpoint: Pick<WebhookEndpointRow, 'secrets' | 'secretsUntilMs'>,
  nowMs: number,
): readonly string[] {
  const { secrets, secretsUntilMs } = endpoint;
  return secretsUntilMs !== null && nowMs < secretsUntilMs ? secrets : secrets.slice(0, 1);
}
