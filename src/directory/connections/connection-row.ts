/**
 * The row of a connection, both ways, and the MAC over its columns that decide where a secret or a token is sent: an
 * attacker that can write to the directory alone makes no row, and changes none, that is used. A whole earlier row, put
 * back with its own MAC, is one that the broker wrote: accounts that have seen a later `version` keep to that, the
 * others take it.
 */

import type { Location, TokenAccess, Verification } from '#contract/connections/connections.ts';
import { equalSecrets, rowMac } from '#crypto/digest.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { Descriptor } from '#providers/descriptor.ts';
import type { CredentialType } from '#providers/settings.ts';
import type { HealthState } from '#refresh/standing/connection-health.ts';
import type { SqlRow } from '../ask.ts';
import { shownHealth } from './connection-health.ts';

/** A connection as it is stored. All `…Ms` are epoch milliseconds. */
export interface ConnectionRow {
  readonly id: string;
  /** Rises with every change; an account's copy is older when its number is lower. */
  readonly version: number;
  /** Id of the catalogue, or `custom`. */
  readonly provider: string;
  readonly authType: CredentialType;
  readonly clientId: string | null;
  /** Ciphertexts under the connection data key, each at its `clientSecretPlace`. */
  readonly clientSecrets: readonly string[];
  readonly scopes: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  /** As the operator gave it; null unless `provider` is `custom`. */
  readonly providerConfig: Readonly<Record<string, unknown>> | null;
  /** Resolved when the connection was made or last changed: endpoints, metadata and variables are in it. */
  readonly descriptor: Descriptor;
  readonly rotation: string;
  readonly verification: Verification;
  /** Compared exactly; none: a flow ends on the done page. */
  readonly returnUrls: readonly string[];
  readonly tokenAccess: TokenAccess;
  /** Null: no limit of its own. */
  readonly maxRefreshesPerSecond: number | null;
  /** How long access tokens live, as the operator has set it, in seconds; null: as the provider says. */
  readonly accessTokenTtlS: number | null;
  /** Where new accounts are kept; null: near the first caller that touches the account. */
  readonly location: Location | null;
  /** A tool of its MCP server that has changed since it was first seen is not called until an operator accepts it. */
  readonly pinTools: boolean;
  /** Warnings about the descriptor from when it was resolved. */
  readonly warnings: readonly string[];
  readonly health: HealthState;
  readonly healthReason: string | null;
  readonly healthSinceMs: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Covered by the MAC, in this order, as stored. Part of the format. */
const PROTECTED = [
  'id',
  'version',
  'provider',
  'auth_type',
  'client_id',
  'client_secrets',
  'scopes',
  'variables',
  'provider_config',
  'descriptor',
  'rotation',
] as const;

/** Covered too, with their names, where they are set. Added later: a row without them keeps the MAC that it had. */
const PROTECTED_WHERE_SET = [
  'verification',
  'return_urls',
  'token_access',
  'max_refreshes_per_second',
  'location',
  'access_token_ttl_s',
  'pin_tools',
] as const;

function macOf(macKey: Uint8Array, row: SqlRow): string {
  return rowMac(macKey, 'connection', [
    ...PROTECTED.map((name) => row[name] ?? null),
    ...PROTECTED_WHERE_SET.flatMap((name) => (row[name] == null ? [] : [name, row[name]])),
  ]);
}

/** What a connection has that says nothing of these fields. Stored as NULL. */
export const CONNECTION_DEFAULTS = {
  verification: 'confirm',
  returnUrls: [],
  tokenAccess: 'any',
  maxRefreshesPerSecond: null,
  accessTokenTtlS: null,
  location: null,
  pinTools: false,
} as const satisfies Partial<ConnectionRow>;

function unlessDefault(value: string, byDefault: string): string | null {
  return value === byDefault ? null : value;
}

export function connectionToSql(macKey: Uint8Array, row: ConnectionRow): SqlRow {
  const columns: SqlRow = {
    id: row.id,
    version: row.version,
    provider: row.provider,
    auth_type: row.authType,
    client_id: row.clientId,
    client_secrets: JSON.stringify(row.clientSecrets),
    scopes: JSON.stringify(row.scopes),
    variables: JSON.stringify(row.variables),
    provider_config: row.providerConfig === null ? null : JSON.stringify(row.providerConfig),
    descriptor: JSON.stringify(row.descriptor),
    rotation: row.rotation,
    verification: unlessDefault(row.verification, CONNECTION_DEFAULTS.verification),
    return_urls: row.returnUrls.length === 0 ? null : JSON.stringify(row.returnUrls),
    token_access: unlessDefault(row.tokenAccess, CONNECTION_DEFAULTS.tokenAccess),
    max_refreshes_per_second: row.maxRefreshesPerSecond,
    location: row.location,
    access_token_ttl_s: row.accessTokenTtlS,
    pin_tools: row.pinTools ? 1 : null,
    token_url: row.descriptor.token_url,
    warnings: JSON.stringify(row.warnings),
    health: row.health,
    health_reason: row.healthReason,
    health_since_ms: row.healthSinceMs,
    created_at_ms: row.createdAtMs,
    updated_at_ms: row.updatedAtMs,
  };
  return { ...columns, mac: macOf(macKey, columns) };
}

/** Whether the row is as the broker wrote it. To be asked before its settings are used, not before it is shown. */
export function isAuthentic(macKey: Uint8Array, row: SqlRow): boolean {
  return equalSecrets(macOf(macKey, row), String(row['mac']));
}

/** A descriptor has a hundred fields to check. */
const REMEMBERED_DESCRIPTORS = 100;
const descriptors = new BoundedMap<string, Descriptor>(REMEMBERED_DESCRIPTORS);

/**
 * Parsed and not only read: facts that a later release knows get their defaults. The same object for the same text, made
 * once per isolate; nobody changes it.
 */
function descriptorOf(text: string): Descriptor {
  const known = descriptors.get(text);
  if (known !== undefined) return known;
  const descriptor = Descriptor.parse(JSON.parse(text));
  descriptors.set(text, descriptor);
  return descriptor;
}

export function connectionFromSql(row: SqlRow): ConnectionRow {
  const text = (name: string): string => String(row[name]);
  const providerConfig = row['provider_config'];
  const health = shownHealth(row);
  return {
    id: text('id'),
    version: Number(row['version']),
    provider: text('provider'),
    authType: text('auth_type') as CredentialType,
    clientId: row['client_id'] == null ? null : text('client_id'),
    clientSecrets: JSON.parse(text('client_secrets')),
    scopes: JSON.parse(text('scopes')),
    variables: JSON.parse(text('variables')),
    providerConfig: providerConfig == null ? null : JSON.parse(String(providerConfig)),
    descriptor: descriptorOf(text('descriptor')),
    rotation: text('rotation'),
    verification: (row['verification'] ?? CONNECTION_DEFAULTS.verification) as Verification,
    returnUrls: row['return_urls'] == null ? [] : JSON.parse(text('return_urls')),
    tokenAccess: (row['token_access'] ?? CONNECTION_DEFAULTS.tokenAccess) as TokenAccess,
    maxRefreshesPerSecond:
      row['max_refreshes_per_second'] == null ? null : Number(row['max_refreshes_per_second']),
    accessTokenTtlS: row['access_token_ttl_s'] == null ? null : Number(row['access_token_ttl_s']),
    location: (row['location'] ?? null) as Location | null,
    pinTools: row['pin_tools'] === 1,
    warnings: JSON.parse(text('warnings')),
    health: health.state,
    healthReason: health.reason,
    healthSinceMs: health.sinceMs,
    createdAtMs: Number(row['created_at_ms']),
    updatedAtMs: Number(row['updated_at_ms']),
  };
}
