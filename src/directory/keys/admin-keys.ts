/**
 * The table `admin_key`: keys of operators beside `ADMIN_KEY`. Of a key only the digest is stored; what it opens (role,
 * organization) is under a MAC, so that an attacker that can write to the directory alone makes no operator; the row of
 * a key that was deleted, put back as it was, opens again. It refuses to judge a request: comparing secrets and
 * counting wrong ones is `callers`'.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import type { Role } from '#contract/roles.ts';
import { createAdminKey } from '#crypto/api-keys.ts';
import { equalSecrets, rowMac } from '#crypto/digest.ts';
import { log } from '#lib/log.ts';
import { ask, type SqlRow } from '../ask.ts';
import type { ListPosition } from '../connections/connections.ts';
import { controlKey, openControlKey, type VaultConfig } from './data-key.ts';
import { listConditions } from '../indexes/list-conditions.ts';
import { bySystem, runRecorded, type OrganizationRecord } from '../organization-audit.ts';

/** Per organization; the deployment's own count as one. */
export const MAX_ADMIN_KEYS = 100;
const MINUTE_MS = 60_000;

/** A key as lists show it. */
export interface AdminKeyRow {
  /** The key id that stands in the key. */
  readonly id: string;
  readonly name: string | null;
  readonly role: Role;
  /** Null: bound to none, and sees all of them. */
  readonly organization: string | null;
  readonly createdAtMs: number;
  /** Up to an hour behind. */
  readonly lastUsedAtMs: number | null;
  /** From then on the key proves no caller; null: it has no end. */
  readonly expiresAtMs: number | null;
}

/** What proving a request needs, and nothing else. */
export interface AuthKey {
  readonly id: string;
  readonly role: Role;
  readonly organization: string | null;
  readonly digest: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

/** Covered by the MAC, in this order, as stored. Part of the format. */
const PROTECTED = ['id', 'name', 'role', 'organization', 'digest', 'created_at_ms'] as const;

function macOf(macKey: Uint8Array, row: SqlRow): string {
  return rowMac(macKey, 'admin_key', [
    ...PROTECTED.map((name) => row[name] ?? null),
    // Added later: a row without an end keeps the MAC that it had.
    ...(row['expires_at_ms'] == null ? [] : ['expires_at_ms', row['expires_at_ms']]),
  ]);
}

function recordOf(
  action: Extract<AuditAction, `admin_key.${string}`>,
  { id, organization }: Pick<AdminKeyRow, 'id' | 'organization'>,
  context: RequestContext,
  atMs: number,
): OrganizationRecord {
  const fields = { action, outcome: 'ok', evidence: [`key:${id}`] } as const;
  return { organization: organization ?? '', fields, context, atMs };
}

/**
 * Makes a key; null where its organization has `MAX_ADMIN_KEYS` already. `key` is to be shown once and is nowhere else.
 * @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt`
 */
export async function makeAdminKey(
  config: VaultConfig,
  draft: Pick<AdminKeyRow, 'name' | 'role' | 'organization'> & { readonly lifeMs?: number | null },
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<{ readonly row: AdminKeyRow; readonly key: string } | null> {
  const { directory: db } = config;
  const { mac } = await controlKey(config);
  const { key, keyId, digest } = createAdminKey();
  const { name, role, organization, lifeMs = null } = draft;
  const expiresAtMs = lifeMs === null ? null : nowMs + lifeMs;
  const row: AdminKeyRow = {
    id: keyId,
    name,
    role,
    organization,
    createdAtMs: nowMs,
    lastUsedAtMs: null,
    expiresAtMs,
  };
  const columns: SqlRow = {
    id: keyId,
    name,
    role,
    organization,
    digest,
    created_at_ms: nowMs,
    expires_at_ms: expiresAtMs,
  };
  const names = [...Object.keys(columns), 'mac'];
  const insert = `INSERT INTO admin_key (${names.join(', ')}) SELECT ${names.map(() => '?').join(', ')}
    WHERE (SELECT count(*) FROM admin_key
      WHERE organization IS ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)) < ?`;
  const values = [...Object.values(columns), macOf(mac, columns), organization, nowMs, MAX_ADMIN_KEYS];
  const record = recordOf('admin_key.create', row, context, nowMs);
  const made = await runRecorded(config, record, db.prepare(insert).bind(...values));
  return made ? { row, key } : null;
}

/** Newest first. `organization` null: all of them. @throws ProblemError `unavailable` */
export async function listAdminKeys(
  db: D1Database,
  page: {
    readonly organization: string | null;
    readonly limit: number;
    readonly after: ListPosition | null;
  },
): Promise<AdminKeyRow[]> {
  const { where, values } = listConditions({ organization: page.organization }, page.after);
  const query = `SELECT * FROM admin_key WHERE ${where} ORDER BY created_at_ms DESC, id DESC LIMIT ?`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(...values, page.limit)
      .all<SqlRow>(),
  );
  return rows.results.map((row) => ({
    id: String(row['id']),
    name: row['name'] == null ? null : String(row['name']),
    role: String(row['role']) as Role,
    organization: row['organization'] == null ? null : String(row['organization']),
    createdAtMs: Number(row['created_at_ms']),
    lastUsedAtMs: row['last_used_at_ms'] == null ? null : Number(row['last_used_at_ms']),
    expiresAtMs: row['expires_at_ms'] == null ? null : Number(row['expires_at_ms']),
  }));
}

/**
 * Deletes a key; false where there is none that `within` (an organization; null: all) may know of.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function deleteAdminKey(
  config: VaultConfig,
  id: string,
  within: string | null,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<boolean> {
  const { directory: db } = config;
  const find = db.prepare('SELECT organization FROM admin_key WHERE id = ?').bind(id);
  const row = await ask(() => find.first<{ organization: string | null }>());
  if (row === null || (within !== null && row.organization !== within)) return false;
  const record = recordOf('admin_key.delete', { id, organization: row.organization }, context, nowMs);
  return runRecorded(config, record, db.prepare('DELETE FROM admin_key WHERE id = ?').bind(id));
}

const AUTH = `SELECT k.*, (SELECT wrapped FROM data_key WHERE purpose = 'control') AS data_key
  FROM admin_key k WHERE k.id = ?`;

/**
 * The key of this id, or null. A row that was changed or made outside the broker is none: it is left as it is, and the
 * log says so. @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt` (the data key is missing)
 */
export async function adminKeyForAuth(config: VaultConfig, id: string): Promise<AuthKey | null> {
  const row = await ask(() => config.directory.prepare(AUTH).bind(id).first<SqlRow>());
  if (row === null) return null;
  const { mac } = await openControlKey(config, row['data_key'] == null ? null : String(row['data_key']));
  if (!equalSecrets(macOf(mac, row), String(row['mac']))) {
    log('error', 'an admin key does not match its MAC and opens nothing', { key_id: id });
    return null;
  }
  const { role, organization, digest } = row;
  return {
    id,
    role: String(role) as Role,
    organization: organization == null ? null : String(organization),
    digest: String(digest),
    createdAtMs: Number(row['created_at_ms']),
    expiresAtMs: row['expires_at_ms'] == null ? null : Number(row['expires_at_ms']),
  };
}

/** Notes a use, at most once per `intervalMs`; a late one moves nothing back. @throws ProblemError `unavailable` */
export async function touchAdminKey(
  db: D1Database,
  id: string,
  atMs: number,
  intervalMs: number,
): Promise<void> {
  const update = `UPDATE admin_key SET last_used_at_ms = ?
    WHERE id = ? AND (last_used_at_ms IS NULL OR last_used_at_ms <= ?)`;
  await ask(() =>
    db
      .prepare(update)
      .bind(atMs, id, atMs - intervalMs)
      .run(),
  );
}

/** Records a wrong secret under an existing key, the first of each minute. @throws ProblemError as `runRecorded` */
export async function noteWrongSecret(
  config: VaultConfig,
  { id, organization }: Pick<AuthKey, 'id' | 'organization'>,
  atMs: number,
  context: RequestContext,
): Promise<void> {
  const minute = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  const update = `UPDATE admin_key SET auth_fail_at_ms = ?
    WHERE id = ? AND (auth_fail_at_ms IS NULL OR auth_fail_at_ms < ? OR auth_fail_at_ms >= ?)`;
  const fields = { action: 'auth.fail', outcome: 'refused', reason: 'wrong_secret' } as const;
  await runRecorded(
    config,
    { organization: organization ?? '', fields, context, atMs },
    config.directory.prepare(update).bind(atMs, id, minute, minute + MINUTE_MS),
  );
}
