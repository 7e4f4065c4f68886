/**
 * What accounts tell of their connection's provider: the health columns of `connection`, outside the row's MAC. The
 * decisions are `refresh/standing/connection-health.ts`; here each is written only over the row that it was made from, so that
 * of many accounts that report at the same time one changes it.
 *
 * A change that is worth an event has, in its own transaction, its record in the deployment's chain and its news in
 * `connection_news`, under the account that made it; that account's outbox sends it (`connection-news.ts`).
 *
 * A client that an organization has for itself has a health of its own, in the same columns of `own_client`: what its
 * accounts find out closes that client, and no other.
 */

import { ProblemError } from '#contract/problem.ts';
import { newId } from '#crypto/api-keys.ts';
import { purposeDigest } from '#crypto/digest.ts';
import { log } from '#lib/log.ts';
import {
  afterReport,
  isOver,
  takeProbe,
  withoutCloser,
  type ConnectionHealth,
  type HealthNews,
  type HealthReport,
  type HealthState,
} from '#refresh/standing/connection-health.ts';
import { countAccounts } from '../indexes/account-index.ts';
import { ask, type SqlRow } from '../ask.ts';
import type { VaultConfig } from '../keys/data-key.ts';
import { bySystem, runRecorded } from '../organization-audit.ts';

/** A connection's health as it was read. */
export interface StoredHealth {
  readonly health: ConnectionHealth;
  /** Rises with every write of it. */
  readonly rev: number;
  /** Digest of the client that the row holds. */
  readonly client: string;
  /** Whether an active account could probe that has no part in the incident; asked only while misconfigured. */
  readonly othersCanProbe: boolean;
}

/** Whose health: the connection's, or that of one client that an organization has there for itself. */
export interface HealthPlace {
  readonly connection: string;
  /** Null: the connection's own client. */
  readonly own: { readonly organization: string; readonly clientId: string } | null;
}

/** In the row that is read: whether an account could probe that was not refused itself. */
export const OTHERS_CAN_PROBE = `(CASE WHEN c.health = 'misconfigured' THEN EXISTS (SELECT 1 FROM account_index a
  WHERE a.connection = c.id AND a.status = 'active'
    AND a.organization NOT IN (SELECT organization FROM own_client k WHERE k.connection = c.id AND k.state = 'current')
    AND a.id NOT IN (SELECT value FROM json_each(c.health_closed_by))) END) AS others_can_probe`;

/** The same of an organization's own client. */
export const OTHERS_WITH_OWN = `(CASE WHEN k.health = 'misconfigured' THEN EXISTS (SELECT 1 FROM account_index a
  WHERE a.connection = k.connection AND a.organization = k.organization AND a.status = 'active'
    AND a.id NOT IN (SELECT value FROM json_each(k.health_closed_by))) END)`;

/** Where a health lies: its table, its row, and what the row is read with. */
interface Stored {
  readonly table: 'connection' | 'own_client';
  readonly where: string;
  readonly key: readonly string[];
  readonly read: string;
}

function storedAt({ connection, own }: HealthPlace): Stored {
  return own === null
    ? {
        table: 'connection',
        where: 'id = ?',
        key: [connection],
        read: `SELECT c.*, ${OTHERS_CAN_PROBE} FROM connection c WHERE c.id = ?`,
      }
    : {
        table: 'own_client',
        where: 'connection = ? AND organization = ? AND client_id = ?',
        key: [connection, own.organization, own.clientId],
        read: `SELECT k.*, c.version + k.own_version AS version, c.token_url, c.max_refreshes_per_second,
            ${OTHERS_WITH_OWN} AS others_can_probe
          FROM own_client k JOIN connection c ON c.id = k.connection
          WHERE k.connection = ? AND k.organization = ? AND k.client_id = ?`,
      };
}

/**
 * A digest that tells one client from another: a new secret makes another client. Ciphertexts are made anew only with
 * the secret.
 */
function clientOf(row: SqlRow): string {
  const parts = [row['client_id'], row['client_secrets'], row['token_url']].map((part) => String(part ?? ''));
  return purposeDigest('connection-client', JSON.stringify(parts));
}

/** A writer that meets others this often has nothing to report that they have not reported. */
const MAX_TRIES = 5;

/** The health in a row of `connection`. */
export function storedHealth(row: SqlRow): StoredHealth {
  const number = (name: string): number | null => (row[name] == null ? null : Number(row[name]));
  const wrongRequest = row['health_wrong_request'];
  return {
    rev: number('health_rev') ?? 0,
    client: clientOf(row),
    othersCanProbe: row['others_can_probe'] === 1,
    health: {
      state: String(row['health']) as HealthState,
      reason: row['health_reason'] == null ? null : String(row['health_reason']),
      sinceMs: number('health_since_ms') ?? 0,
      version: number('health_version'),
      nextProbeAtMs: number('health_probe_at_ms'),
      failedAtMs: JSON.parse(String(row['health_failed_at_ms'] ?? '[]')),
      wrongRequest: wrongRequest == null ? null : JSON.parse(String(wrongRequest)),
      spreadUntilMs: number('health_spread_until_ms'),
      accounts: number('health_accounts') ?? 0,
      client: row['health_client'] == null ? null : JSON.parse(String(row['health_client'])),
      closedBy: JSON.parse(String(row['health_closed_by'] ?? '[]')),
    },
  };
}

/** The health as it is shown: settings that no provider has refused yet do not count as misconfigured. */
export function shownHealth(row: SqlRow): Pick<ConnectionHealth, 'state' | 'reason' | 'sinceMs'> {
  const { health } = storedHealth(row);
  return isOver(health, Number(row['version']))
    ? { state: 'ok', reason: null, sinceMs: Number(row['updated_at_ms']) }
    : health;
}

function columnsOf(health: ConnectionHealth): SqlRow {
  return {
    health: health.state,
    health_reason: health.reason,
    health_since_ms: health.sinceMs,
    health_version: health.version,
    health_probe_at_ms: health.nextProbeAtMs,
    health_failed_at_ms: JSON.stringify(health.failedAtMs),
    health_wrong_request: health.wrongRequest === null ? null : JSON.stringify(health.wrongRequest),
    health_spread_until_ms: health.spreadUntilMs,
    health_accounts: health.accounts,
    health_client: health.client === null ? null : JSON.stringify(health.client),
    health_closed_by: JSON.stringify(health.closedBy),
  };
}

const NOTE = `INSERT INTO connection_news (id, connection, rev, provider, type, health_reason, at_ms, holder)
  SELECT ?, id, health_rev, provider, ?, health_reason, ?, health_holder FROM connection
  WHERE id = ? AND health_rev = ? AND health_holder = ? ON CONFLICT (connection, rev) DO NOTHING`;

const NOTE_OWN = `INSERT INTO own_client_news
    (id, connection, organization, client_id, rev, provider, type, health_reason, at_ms, holder)
  SELECT ?, k.connection, k.organization, k.client_id, k.health_rev, c.provider, ?, k.health_reason, ?, k.health_holder
  FROM own_client k JOIN connection c ON c.id = k.connection
  WHERE k.connection = ? AND k.organization = ? AND k.client_id = ? AND k.health_rev = ? AND k.health_holder = ?
  ON CONFLICT (connection, organization, client_id, rev) DO NOTHING`;

/**
 * Writes `next` over the row that was read as `rev`, with the record of it and the news of it under `holder`. False:
 * another was first.
 */
async function replace(
  config: VaultConfig,
  write: {
    readonly place: HealthPlace;
    readonly holder: string;
    readonly rev: number;
    readonly next: ConnectionHealth;
    readonly news: HealthNews | null;
    readonly nowMs: number;
  },
): Promise<boolean> {
  const { place, holder, rev, next, news, nowMs } = write;
  const { connection, own } = place;
  const { table, where, key } = storedAt(place);
  const { directory: db } = config;
  const columns = columnsOf(next);
  const names = Object.keys(columns);
  const update = db
    .prepare(
      `UPDATE ${table} SET ${names.map((name) => `${name} = ?`).join(', ')}, health_rev = ?, health_holder = ?
       WHERE ${where} AND health_rev = ?`,
    )
    .bind(...Object.values(columns), rev + 1, holder, ...key, rev);
  // Found only where the update of this very account went through; a second one of it finds the news taken.
  const noted = db
    .prepare(own === null ? NOTE : NOTE_OWN)
    .bind(newId('evt'), news, nowMs, ...key, rev + 1, holder);
  const plainly = async (statements: D1PreparedStatement[]): Promise<boolean> => {
    const [done] = await ask(() => db.batch(statements));
    return (done?.meta.changes ?? 0) > 0;
  };
  if (news === null) return plainly([update]);
  const fields = { action: news, outcome: 'ok', reason: next.reason, connection } as const;
  try {
    const record = { organization: own?.organization ?? '', fields, context: bySystem(), atMs: nowMs };
    return await runRecorded(config, record, update, [noted]);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.code !== 'record_corrupt') throw error;
    // An outage without any way to end it would cost every user of the connection: people mend a broken chain.
    log('error', 'a change of health has no record', { connection, change: news, error });
    return plainly([update, noted]);
  }
}

/**
 * Notes what an attempt of `holder` says of the connection. One read, and a write only where it is news: a failure that
 * the account did not keep to itself, the first success after one.
 *
 * @returns the health afterwards, and whether this report has changed it; null: there is no such connection
 * @throws ProblemError `unavailable`, `vault_locked` (nothing is written then)
 */
export async function reportHealth(
  config: VaultConfig,
  input: {
    readonly place: HealthPlace;
    /** The account that reports. */
    readonly holder: string;
    readonly report: HealthReport;
    readonly nowMs: number;
  },
): Promise<(StoredHealth & { readonly changed: boolean; readonly ask?: string }) | null> {
  const { place, holder, report, nowMs } = input;
  const { read: query, key } = storedAt(place);
  const { directory: db } = config;
  for (let tries = 0; ; tries += 1) {
    const row = await ask(() =>
      db
        .prepare(query)
        .bind(...key)
        .first<SqlRow>(),
    );
    if (row === null) return null;
    const read = storedHealth(row);
    const perSecond = row['max_refreshes_per_second'];
    const facts = {
      nowMs,
      version: Number(row['version']),
      client: read.client,
      accounts: 0,
      perSecond: perSecond == null ? null : Number(perSecond),
    };
    let after = afterReport(read.health, report, facts);
    const asked = after.ask === undefined ? {} : { ask: after.ask };
    if (after.health === read.health || tries === MAX_TRIES) return { ...read, ...asked, changed: false };
    // Counted only where the number is needed: it takes a row of the index per account.
    if (after.news !== null) {
      const accounts = await countAccounts(db, place.connection, place.own?.organization ?? null);
      after = afterReport(read.health, report, { ...facts, accounts });
    }
    const { health: next, news } = after;
    if (await replace(config, { place, holder, rev: read.rev, next, news, nowMs }))
      return { ...read, ...asked, health: next, rev: read.rev + 1, changed: true };
  }
}

/**
 * An account is there no longer, or may not call: where its refusal had closed the connection another may probe at
 * once. The one that is to; null: the account had no part in it, or there is no other. @throws ProblemError
 * `unavailable`
 */
export async function leaveProbe(
  db: D1Database,
  {
    place,
    account,
    nowMs,
  }: { readonly place: HealthPlace; readonly account: string; readonly nowMs: number },
): Promise<string | null> {
  const { connection, own } = place;
  const { table, where, key, read: query } = storedAt(place);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const row = await ask(() =>
      db
        .prepare(query)
        .bind(...key)
        .first<SqlRow>(),
    );
    if (row === null) return null;
    const read = storedHealth(row);
    const next = withoutCloser(read.health, account, nowMs);
    if (next === null) return null;
    const update = `UPDATE ${table} SET health_probe_at_ms = ?, health_closed_by = ?, health_rev = health_rev + 1
      WHERE ${where} AND health_rev = ?`;
    const closedBy = JSON.stringify(next.closedBy);
    const done = await ask(() =>
      db
        .prepare(update)
        .bind(next.nextProbeAtMs, closedBy, ...key, read.rev)
        .run(),
    );
    if (done.meta.changes === 0) continue;
    const other = `SELECT id FROM account_index WHERE connection = ?1 AND status = 'active' AND id <> ?2
      AND id NOT IN (SELECT value FROM json_each(?3)) AND (?4 IS NULL OR organization = ?4)
      ORDER BY updated_at_ms DESC LIMIT 1`;
    const asked = [connection, account, closedBy, own?.organization ?? null];
    return ask(() =>
      db
        .prepare(other)
        .bind(...asked)
        .first<string>('id'),
    );
  }
  return null;
}

/**
 * Takes the lease of the next probe: true for one account, which calls now. An account that dies with it costs one
 * probe.
 * @throws ProblemError `unavailable`
 */
export async function takeHealthProbe(
  db: D1Database,
  place: HealthPlace,
  read: StoredHealth,
  nowMs: number,
): Promise<boolean> {
  const taken = takeProbe(read.health, nowMs);
  if (taken === null) return false;
  const { table, where, key } = storedAt(place);
  const update = `UPDATE ${table} SET health_probe_at_ms = ?, health_rev = health_rev + 1
    WHERE ${where} AND health_rev = ?`;
  const done = await ask(() =>
    db
      .prepare(update)
      .bind(taken.nextProbeAtMs, ...key, read.rev)
      .run(),
  );
  return done.meta.changes > 0;
}
