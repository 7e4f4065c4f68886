/** Rows of SQLite and rows as the account speaks of them, both ways. No SQL here, and nothing is authenticated. */

import { BoundedMap } from '#lib/bounded-map.ts';
import { Descriptor } from '#providers/descriptor.ts';
import { LATER_SETTINGS } from '#providers/settings.ts';
import { int, intOrNull, text, textOrNull, type SqlRow } from '#objects/sql-row.ts';
import type {
  AccountRow,
  ConnectionSettings,
  CredentialType,
  GrantRow,
  NarrowedRow,
  TombstoneRow,
} from './rows.ts';
import type { Status } from './status.ts';

export function accountToSql(row: AccountRow): SqlRow {
  return {
    account_id: row.accountId,
    organization: row.organization,
    connection: row.connection,
    identifier: row.identifier,
    provider: row.provider,
    incarnation: row.incarnation,
    status: row.status,
    status_before: row.statusBefore,
    status_reason: row.statusReason,
    status_since_ms: row.statusSinceMs,
    status_provider_error: row.statusProviderError,
    status_evidence: JSON.stringify(row.statusEvidence),
    cause_before: row.causeBefore === null ? null : JSON.stringify(row.causeBefore),
    reauth_told: row.reauthTold ? 1 : null,
    subject: row.subject,
    subject_label: row.subjectLabel,
    metadata: JSON.stringify(row.metadata),
    variables: Object.keys(row.variables).length === 0 ? null : JSON.stringify(row.variables),
    sealed: row.sealed ? 1 : 0,
    credential_type: row.credentialType,
    data_key: row.dataKey,
    generation_counter: row.generationCounter,
    rotation: row.rotation,
    imported: row.imported.length === 0 ? null : JSON.stringify(row.imported),
    access_token_ttl_s: row.accessTokenTtlS,
    learnt_lifetime: row.learntLifetime == null ? null : JSON.stringify(row.learntLifetime),
    last_used_at_ms: row.lastUsedAtMs,
    last_refreshed_at_ms: row.lastRefreshedAtMs,
    degraded_since_ms: row.degradedSinceMs,
    degraded_cause: row.degradedCause,
    created_at_ms: row.createdAtMs,
    updated_at_ms: row.updatedAtMs,
  };
}

export function accountFromSql(row: SqlRow): AccountRow {
  return {
    accountId: text(row['account_id']),
    organization: text(row['organization']),
    connection: text(row['connection']),
    identifier: text(row['identifier']),
    provider: text(row['provider']),
    incarnation: int(row['incarnation']),
    status: text(row['status']) as Status,
    statusBefore: textOrNull(row['status_before']) as Status | null,
    statusReason: textOrNull(row['status_reason']),
    statusSinceMs: int(row['status_since_ms']),
    statusProviderError: textOrNull(row['status_provider_error']),
    statusEvidence: JSON.parse(text(row['status_evidence'])),
    causeBefore: row['cause_before'] == null ? null : JSON.parse(text(row['cause_before'])),
    reauthTold: row['reauth_told'] === 1,
    subject: textOrNull(row['subject']),
    subjectLabel: textOrNull(row['subject_label']),
    metadata: JSON.parse(text(row['metadata'])),
    variables: row['variables'] == null ? {} : JSON.parse(text(row['variables'])),
    sealed: int(row['sealed']) === 1,
    credentialType: text(row['credential_type']) as CredentialType,
    dataKey: text(row['data_key']),
    generationCounter: int(row['generation_counter']),
    rotation: textOrNull(row['rotation']),
    imported: row['imported'] == null ? [] : JSON.parse(text(row['imported'])),
    accessTokenTtlS: intOrNull(row['access_token_ttl_s']),
    learntLifetime: row['learnt_lifetime'] == null ? null : JSON.parse(text(row['learnt_lifetime'])),
    lastUsedAtMs: intOrNull(row['last_used_at_ms']),
    lastRefreshedAtMs: intOrNull(row['last_refreshed_at_ms']),
    degradedSinceMs: intOrNull(row['degraded_since_ms']),
    degradedCause: textOrNull(row['degraded_cause']),
    createdAtMs: int(row['created_at_ms']),
    updatedAtMs: int(row['updated_at_ms']),
  };
}

export function grantToSql(row: GrantRow): SqlRow {
  return {
    id: row.id,
    generation: row.generation,
    access_token: row.accessToken,
    refresh_token: row.refreshToken,
    static_fields: row.staticFields,
    token_type: row.tokenType,
    scopes: row.scopes === null ? null : JSON.stringify(row.scopes),
    granted_at_ms: row.grantedAtMs,
    access_expires_at_ms: row.accessExpiresAtMs,
    token_at_ms: row.tokenAtMs,
    lifetime_ms: row.lifetimeMs,
    cycle: row.cycle,
    refresh_expires_at_ms: row.refreshExpiresAtMs,
    refresh_idle_expires_at_ms: row.refreshIdleExpiresAtMs,
    next_attempt_at_ms: row.nextAttemptAtMs,
    last_attempt_started_at_ms: row.lastAttemptStartedAtMs,
    doubt_since_ms: row.doubtSinceMs,
    failures: row.failures,
    last_failure: row.lastFailure,
    last_failure_code: row.lastFailureCode,
    unknown: row.unknown === null ? null : JSON.stringify(row.unknown),
    reject_hold_until_ms: row.rejectHoldUntilMs,
    holders: row.holders == null ? null : JSON.stringify(row.holders),
    accepted_at: row.acceptedAt ?? null,
    client: row.client ?? null,
    captured: row.captured,
  };
}

export function grantFromSql(row: SqlRow): GrantRow {
  const scopes = textOrNull(row['scopes']);
  const unknown = textOrNull(row['unknown']);
  const accessToken = textOrNull(row['access_token']);
  const refreshToken = textOrNull(row['refresh_token']);
  return {
    id: int(row['id']),
    generation: int(row['generation']),
    accessToken,
    refreshToken,
    // A static credential with an end lives and dies like an access token that nothing renews.
    hasAccessToken:
      accessToken !== null ||
      (row['static_fields'] != null && intOrNull(row['access_expires_at_ms']) !== null),
    hasRefreshToken: refreshToken !== null,
    staticFields: textOrNull(row['static_fields']),
    tokenType: text(row['token_type']),
    scopes: scopes === null ? null : JSON.parse(scopes),
    grantedAtMs: int(row['granted_at_ms']),
    accessExpiresAtMs: intOrNull(row['access_expires_at_ms']),
    tokenAtMs: intOrNull(row['token_at_ms']),
    lifetimeMs: intOrNull(row['lifetime_ms']),
    cycle: int(row['cycle']),
    refreshExpiresAtMs: intOrNull(row['refresh_expires_at_ms']),
    refreshIdleExpiresAtMs: intOrNull(row['refresh_idle_expires_at_ms']),
    nextAttemptAtMs: intOrNull(row['next_attempt_at_ms']),
    lastAttemptStartedAtMs: intOrNull(row['last_attempt_started_at_ms']),
    doubtSinceMs: intOrNull(row['doubt_since_ms']),
    failures: int(row['failures']),
    lastFailure: textOrNull(row['last_failure']),
    lastFailureCode: textOrNull(row['last_failure_code']),
    unknown: unknown === null ? null : JSON.parse(unknown),
    rejectHoldUntilMs: intOrNull(row['reject_hold_until_ms']),
    holders: row['holders'] == null ? null : JSON.parse(text(row['holders'])),
    acceptedAt: textOrNull(row['accepted_at']),
    client: textOrNull(row['client']),
    captured: textOrNull(row['captured']),
  };
}

export function narrowedToSql(row: NarrowedRow): SqlRow {
  return {
    grant_id: row.grantId,
    scope_key: row.scopeKey,
    generation: row.generation,
    access_token: row.accessToken,
    token_type: row.tokenType,
    access_expires_at_ms: row.accessExpiresAtMs,
    token_at_ms: row.tokenAtMs,
    lifetime_ms: row.lifetimeMs,
    refused_until_ms: row.refusedUntilMs,
  };
}

export function narrowedFromSql(row: SqlRow): NarrowedRow {
  return {
    grantId: int(row['grant_id']),
    scopeKey: text(row['scope_key']),
    generation: int(row['generation']),
    accessToken: textOrNull(row['access_token']),
    tokenType: text(row['token_type']),
    accessExpiresAtMs: intOrNull(row['access_expires_at_ms']),
    tokenAtMs: intOrNull(row['token_at_ms']),
    lifetimeMs: intOrNull(row['lifetime_ms']),
    refusedUntilMs: intOrNull(row['refused_until_ms']),
  };
}

export function tombstoneToSql(row: TombstoneRow): SqlRow {
  return {
    account_id: row.accountId,
    organization: row.organization,
    incarnation: row.incarnation,
    data_key: row.dataKey,
    generation_counter: row.generationCounter,
    deleted_at_ms: row.deletedAtMs,
  };
}

/** Unauthenticated, and so taken as it is: nothing is built on it before `assertTombstone`. */
export function tombstoneFromSql(row: SqlRow): TombstoneRow {
  return { ...keyMaterialFromSql(row), deletedAtMs: Number(row['deleted_at_ms']) };
}

/** Names, wrapped key and counter of a life; unauthenticated. */
export type AccountKey = Pick<
  AccountRow,
  'accountId' | 'organization' | 'incarnation' | 'dataKey' | 'generationCounter'
>;

export function keyMaterialFromSql(row: SqlRow): AccountKey {
  return {
    accountId: String(row['account_id']),
    organization: String(row['organization']),
    incarnation: Number(row['incarnation']),
    dataKey: String(row['data_key']),
    generationCounter: Number(row['generation_counter']),
  };
}

/** Whose row it says it is; unauthenticated. */
export type Names = Pick<AccountRow, 'organization' | 'connection' | 'identifier' | 'provider'>;

export function namesFromSql({ organization, connection, identifier, provider }: SqlRow): Names {
  return {
    organization: String(organization),
    connection: String(connection),
    identifier: String(identifier),
    provider: String(provider),
  };
}

/** All accounts of a connection hold the same text, and a descriptor has a hundred fields to check. */
const REMEMBERED_SETTINGS = 100;
const settingsByText = new BoundedMap<string, ConnectionSettings>(REMEMBERED_SETTINGS);

/** The settings that a stored text holds; the same object for the same text, made once per isolate. No caller changes it. */
export function settingsFromText(text: string): ConnectionSettings {
  const known = settingsByText.get(text);
  if (known !== undefined) return known;
  const settings = settingsOf(text);
  settingsByText.set(text, settings);
  return settings;
}

/**
 * Settings may have been stored by code that knew fewer facts of a provider: what it left out has its default, so that
 * no answer of a provider meets a descriptor with holes. A descriptor that newer code wrote is taken as it is.
 */
function settingsOf(text: string): ConnectionSettings {
  const settings: ConnectionSettings = { ...LATER_SETTINGS, ...JSON.parse(text) };
  const descriptor = Descriptor.safeParse(settings.descriptor);
  return descriptor.success ? { ...settings, descriptor: descriptor.data } : settings;
}
