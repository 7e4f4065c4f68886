/**
 * The table `connection`: an app at a provider. Answers for the control plane, and the settings that an account keeps.
 * Client secrets go in plain, are stored as ciphertexts and never come out of this file in any other form.
 * It refuses to judge a descriptor or a target; the caller that makes a connection has done that (api).
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { encryptText, openDataKey } from '#crypto/envelope.ts';
import { CONNECTIONS_OWNER, clientSecretPlace } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import { BoundedMap } from '#lib/bounded-map.ts';
import { systemNow, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { ask, type SqlRow } from '../ask.ts';
import { connectionFromSql, connectionToSql, isAuthentic, type ConnectionRow } from './connection-row.ts';
import { OTHERS_CAN_PROBE, storedHealth, type StoredHealth } from './connection-health.ts';
import { STRANDED_AFTER_MS } from './connection-news.ts';
import { isAuthenticOwnClient, OWN_CLIENTS, ownClientsOf } from './own-client-row.ts';
import { connectionKey, openConnectionKey, type VaultConfig } from '../keys/data-key.ts';
import { bySystem, runRecorded, type OrganizationRecord } from '../organization-audit.ts';

/** What a new connection is made of. `clientSecrets` are plain; the newest is tried first. */
export type ConnectionDraft = Pick<
  ConnectionRow,
  | 'id'
  | 'provider'
  | 'authType'
  | 'clientId'
  | 'clientSecrets'
  | 'scopes'
  | 'variables'
  | 'providerConfig'
  | 'descriptor'
  | 'rotation'
  | 'verification'
  | 'returnUrls'
  | 'tokenAccess'
  | 'maxRefreshesPerSecond'
  | 'accessTokenTtlS'
  | 'location'
  | 'pinTools'
  | 'warnings'
>;

/** A connection with what other rows say about it. */
export interface ConnectionView {
  readonly connection: ConnectionRow;
  /** How many accounts the directory knows of it, of those that the caller may know of. */
  readonly accounts: number;
  /** Id of the oldest other connection with the same client at the same token endpoint; null: none. */
  readonly sharedWith: string | null;
}

/** Where a page of the list begins: after this connection. */
export interface ListPosition {
  readonly createdAtMs: number;
  readonly id: string;
}

const VIEW = `SELECT c.*,
  (SELECT count(*) FROM account_index a
    WHERE a.connection = c.id AND (?1 IS NULL OR a.organization = ?1)) AS accounts,
  (SELECT o.id FROM connection o WHERE o.token_url = c.token_url AND o.client_id = c.client_id AND o.id <> c.id
    ORDER BY o.created_at_ms, o.id LIMIT 1) AS shared_with
  FROM connection c`;

function viewOf(row: SqlRow): ConnectionView {
  return {
    connection: connectionFromSql(row),
    accounts: Number(row['accounts']),
    sharedWith: row['shared_with'] == null ? null : String(row['shared_with']),
  };
}

/** Where the versions of an id go on: accounts' copies of an earlier life are older. */
const GRAVE_VERSION = 'SELECT version FROM connection_grave WHERE id = ?';

/**
 * Stores a new connection; false where the id is taken, and nothing is changed then. `context`: of the request, for the
 * record.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function createConnection(
  config: VaultConfig,
  draft: ConnectionDraft,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<boolean> {
  const key = await connectionKey(config);
  const { directory: db } = config;
  const graveVersion =
    (await ask(() => db.prepare(GRAVE_VERSION).bind(draft.id).first<number>('version'))) ?? 0;
  const clientSecrets = await Promise.all(
    draft.clientSecrets.map((secret, index) => encryptText(key, clientSecretPlace(draft.id, index), secret)),
  );
  const row = connectionToSql(key.mac, {
    ...draft,
    clientSecrets,
    version: graveVersion + 1,
    health: 'ok',
    healthReason: null,
    healthSinceMs: nowMs,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  });
  const names = Object.keys(row);
  const insert = `INSERT INTO connection (${names.join(', ')}) SELECT ${names.map(() => '?').join(', ')}
    WHERE coalesce((${GRAVE_VERSION}), 0) = ? ON CONFLICT (id) DO NOTHING`;
  const statement = db.prepare(insert).bind(...Object.values(row), draft.id, graveVersion);
  const record = connectionRecord('connection.create', draft.id, context, nowMs);
  const isStored = await runRecorded(config, record, statement);
  forgetConnection(db, draft.id);
  return isStored;
}

/** Connections belong to the deployment: their records are in the chain of no organization. */
export function connectionRecord(
  action: Extract<AuditAction, `connection.${string}`>,
  connection: string,
  context: RequestContext,
  atMs: number,
): OrganizationRecord {
  return { organization: '', fields: { action, outcome: 'ok', connection }, context, atMs };
}

/** One connection, or null. `organization`: whose accounts are counted, null for all. @throws ProblemError `unavailable` */
export async function findConnection(
  db: D1Database,
  id: string,
  organization: string | null = null,
): Promise<ConnectionView | null> {
  const row = await ask(() => db.prepare(`${VIEW} WHERE c.id = ?`).bind(organization, id).first<SqlRow>());
  return row === null ? null : viewOf(row);
}

/** Newest first, at most `limit`; `organization` as for one. @throws ProblemError `unavailable` */
export async function listConnections(
  db: D1Database,
  page: {
    readonly limit: number;
    readonly after: ListPosition | null;
    readonly organization?: string | null;
  },
): Promise<ConnectionView[]> {
  const where = page.after === null ? '' : 'WHERE (c.created_at_ms, c.id) < (?, ?)';
  const values = page.after === null ? [] : [page.after.createdAtMs, page.after.id];
  const query = `${VIEW} ${where} ORDER BY c.created_at_ms DESC, c.id DESC LIMIT ?`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(page.organization ?? null, ...values, page.limit)
      .all<SqlRow>(),
  );
  return rows.results.map(viewOf);
}

const SETTINGS = `SELECT c.*, (SELECT wrapped FROM data_key WHERE purpose = 'connection') AS data_key
  FROM connection c WHERE c.id = ?`;

/** With the account that has left news of the connection lying, for half a minute or more. */
const LOADED = `SELECT c.*, (SELECT wrapped FROM data_key WHERE purpose = 'connection') AS data_key,
  (SELECT n.holder FROM connection_news n WHERE n.connection = c.id AND n.at_ms < ? ORDER BY n.rev LIMIT 1)
    AS stranded_holder, ${OTHERS_CAN_PROBE}
  FROM connection c WHERE c.id = ?`;

/** What an account on its way to the provider is told of its connection. */
export interface LoadedConnection {
  readonly settings: ConnectionSettings;
  /** Of the connection's own client. */
  readonly health: StoredHealth;
  /** Of each client that the organization has there for itself, by client id. */
  readonly ownHealth: ReadonlyMap<string, StoredHealth>;
  /** The account to wake, because news of the connection waits for it; null: none. */
  readonly strandedHolder: string | null;
}

/** The health by which a grant's client is judged; null: nothing is known of that client. */
export function healthOf(
  { health, ownHealth }: LoadedConnection,
  client: string | null,
): StoredHealth | null {
  return client === null ? health : (ownHealth.get(client) ?? null);
}

function settingsOf(row: ConnectionRow, dataKey: string, own: readonly SqlRow[]): ConnectionSettings {
  const ownClients = ownClientsOf(own);
  return {
    ...(ownClients === null ? {} : { ownClients }),
    id: row.id,
    version: row.version,
    provider: row.provider,
    authType: row.authType,
    clientId: row.clientId,
    clientSecrets: row.clientSecrets,
    dataKey,
    scopes: row.scopes,
    descriptor: row.descriptor,
    rotation: row.rotation,
    tokenAccess: row.tokenAccess,
    maxRefreshesPerSecond: row.maxRefreshesPerSecond,
    accessTokenTtlS: row.accessTokenTtlS,
    location: row.location,
    verification: row.verification,
    returnUrls: row.returnUrls,
  };
}

/** The row and, where there is an organization, the rows of its own clients; null: there is no such connection. */
async function readWith(
  db: D1Database,
  row: D1PreparedStatement,
  id: string,
  organization: string,
): Promise<{ readonly row: SqlRow; readonly own: readonly SqlRow[] } | null> {
  if (organization === '') {
    const alone = await row.first<SqlRow>();
    return alone === null ? null : { row: alone, own: [] };
  }
  const [found, own] = await db.batch<SqlRow>([row, db.prepare(OWN_CLIENTS).bind(id, organization)]);
  const first = found?.results[0];
  return first === undefined ? null : { row: first, own: own?.results ?? [] };
}

/**
 * What an account keeps of a connection, or null where there is none. For the control plane: it waits for the directory.
 * @param organization of the account, whose own clients come along; empty for none
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt` (the row was changed outside the broker)
 */
export async function connectionSettings(
  config: VaultConfig,
  id: string,
  organization: string,
): Promise<ConnectionSettings | null> {
  const db = config.directory;
  const found = await ask(() => readWith(db, db.prepare(SETTINGS).bind(id), id, organization));
  if (found === null) return null;
  const { row, own } = found;
  const dataKey = row['data_key'] == null ? null : String(row['data_key']);
  const key = await openConnectionKey(config, dataKey);
  if (!isAuthentic(key.mac, row) || !own.every((client) => isAuthenticOwnClient(key.mac, client))) {
    throw new ProblemError('record_corrupt', { detail: `the connection ${id} does not match its MAC` });
  }
  return settingsOf(connectionFromSql(row), String(dataKey), own);
}

/** A change of a connection is seen everywhere within a second; so long what was read may be taken again. */
const SEEN_MS = 1_000;
const KEPT_SEEN = 1_000;

interface Kept {
  readonly atMs: number;
  readonly found: LoadedConnection | null;
  /** The number of the newest change of it that this isolate had made then; undefined: none. */
  readonly change: number | undefined;
}

/** By connection and the organization whose own clients came along. */
const keyOf = (id: string, organization: string): string => `${id} ${organization}`;

interface Seen {
  /** Values alone: what one request waits for, another must not. */
  readonly kept: BoundedMap<string, Kept>;
  /** The number of the newest change that this isolate has made: what was read meanwhile may be older than the change. */
  readonly changed: BoundedMap<string, number>;
  changes: number;
}

const seenBy = new WeakMap<D1Database, Seen>();

function seenOf(db: D1Database): Seen {
  const seen = seenBy.get(db) ?? {
    kept: new BoundedMap(KEPT_SEEN),
    changed: new BoundedMap(KEPT_SEEN),
    changes: 0,
  };
  seenBy.set(db, seen);
  return seen;
}

/** To be called after a change of the row that this isolate has made. */
export function forgetConnection(db: D1Database, id: string): void {
  const seen = seenOf(db);
  seen.changes += 1;
  seen.changed.set(id, seen.changes);
}

/** As `loadConnection`, or as this isolate has read it within the last second: accounts that refresh together ask once. */
export async function recentConnection(
  db: D1Database,
  of: OfOrganization,
  timeoutMs: number,
  masterKeys: string | null,
): Promise<LoadedConnection | null | 'unavailable'> {
  const { kept, changed } = seenOf(db);
  const seen = kept.get(keyOf(of.id, of.organization));
  const ageMs = seen === undefined ? -1 : systemNow() - seen.atMs;
  return seen !== undefined && ageMs >= 0 && ageMs < SEEN_MS && seen.change === changed.get(of.id)
    ? seen.found
    : loadConnection(db, of, timeoutMs, masterKeys);
}

/** A connection as an account of this organization is to see it. */
export interface OfOrganization {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
}

/**
 * The same for an account on its way to the provider: null where the connection is gone; `unavailable` where the
 * directory does not say so within `timeoutMs` or what it says cannot be trusted. Then the account works on with its
 * copy. Never throws.
 *
 * @param masterKeys the deployment's ring: a row that was changed outside the broker is not taken over.
 */
export async function loadConnection(
  db: D1Database,
  of: OfOrganization,
  timeoutMs: number,
  masterKeys: string | null,
): Promise<LoadedConnection | null | 'unavailable'> {
  const atMs = systemNow();
  const seen = seenOf(db);
  const key = keyOf(of.id, of.organization);
  const change = seen.changed.get(of.id);
  const found = await within(timeoutMs, trustedConnection(db, of, masterKeys), 'unavailable' as const);
  const isNewest = seen.changed.get(of.id) === change && (seen.kept.get(key)?.atMs ?? atMs) <= atMs;
  if (found !== 'unavailable' && isNewest) seen.kept.set(key, { atMs, found, change });
  return found;
}

async function trustedConnection(
  db: D1Database,
  { id, organization }: OfOrganization,
  masterKeys: string | null,
): Promise<LoadedConnection | null | 'unavailable'> {
  const asked = db.prepare(LOADED).bind(systemNow() - STRANDED_AFTER_MS, id);
  const found = await readWith(db, asked, id, organization);
  if (found === null) return null;
  const { row, own } = found;
  const ring = await ringOf(masterKeys);
  if (!ring.ok || row['data_key'] == null) return 'unavailable';
  const dataKey = String(row['data_key']);
  const key = await openDataKey(ring.value, CONNECTIONS_OWNER, dataKey);
  const isTrusted =
    key.ok &&
    isAuthentic(key.value.mac, row) &&
    own.every((client) => isAuthenticOwnClient(key.value.mac, client));
  if (!isTrusted) {
    log('error', 'the settings of a connection are not taken over', {
      connection: id,
      reason: key.ok ? 'record_corrupt' : key.error.code,
    });
    return 'unavailable';
  }
  const stranded = row['stranded_holder'];
  return {
    settings: settingsOf(connectionFromSql(row), dataKey, own),
    health: storedHealth(row),
    ownHealth: new Map(own.map((client) => [String(client['client_id']), storedHealth(client)])),
    strandedHolder: stranded == null ? null : String(stranded),
  };
}
