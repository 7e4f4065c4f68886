/**
 * The tables `connection_news` and `own_client_news`: events of connections, and of organizations' own clients there, on
 * their way into an outbox. A row is written with the change that
 * it tells and names the account that made the change; only that account takes it, so that an event is in one outbox.
 * A reader that finds a row left lying wakes its account; then `connection.recovered` may come before the outage that
 * it ends, and the timestamps tell. Sends nothing.
 */

import { ask, type SqlRow } from '../ask.ts';
import type { HealthNews } from '#refresh/standing/connection-health.ts';

/** An event of a connection as it was made. */
export interface ConnectionNews {
  /** `evt_…` */
  readonly id: string;
  readonly connection: string;
  /** Whose own client it is about; null: it is the connection's. */
  readonly organization: string | null;
  readonly provider: string;
  readonly type: HealthNews;
  readonly healthReason: string | null;
  readonly atMs: number;
}

/** A row this old was left by a maker that died over it, or could not reach its object. */
export const STRANDED_AFTER_MS = 30_000;

/** Of connections, and of organizations' own clients there. */
const NEWS = ['connection_news', 'own_client_news'] as const;

/** The news that this account has to take, oldest first. @throws ProblemError `unavailable` */
export async function newsHeldBy(db: D1Database, accountId: string): Promise<ConnectionNews[]> {
  const told = await ask(() =>
    db.batch<SqlRow>(
      NEWS.map((table) =>
        db.prepare(`SELECT * FROM ${table} WHERE holder = ? ORDER BY at_ms, rev LIMIT 100`).bind(accountId),
      ),
    ),
  );
  const rows = told.flatMap(({ results }) => results);
  return rows.filter(isNews).map((row) => ({
    id: String(row['id']),
    connection: String(row['connection']),
    organization: row['organization'] == null ? null : String(row['organization']),
    provider: String(row['provider']),
    type: String(row['type']) as HealthNews,
    healthReason: row['health_reason'] == null ? null : String(row['health_reason']),
    atMs: Number(row['at_ms']),
  }));
}

const TYPES: readonly HealthNews[] = [
  'connection.outage',
  'connection.misconfigured',
  'connection.recovered',
];
const NAME = /^[A-Za-z0-9_.:-]{1,100}$/;

/**
 * The row is under no key, and its text will be signed: only names get through. An attacker that
 * writes to the directory alone can tell a false health, which it can set anyway, and nothing else.
 */
function isNews(row: SqlRow): boolean {
  const isName = (name: string): boolean => NAME.test(String(row[name]));
  return (
    /^evt_[0-9A-Za-z]{22}$/.test(String(row['id'])) &&
    TYPES.some((type) => type === row['type']) &&
    isName('connection') &&
    isName('provider') &&
    (row['health_reason'] == null || isName('health_reason')) &&
    (row['organization'] == null || isName('organization')) &&
    Number.isSafeInteger(row['at_ms'])
  );
}

/** They stand in the account's outbox. @throws ProblemError `unavailable` */
export async function newsTaken(db: D1Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const removals = NEWS.map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`).bind(JSON.stringify(ids)),
  );
  await ask(() => db.batch(removals));
}

/** Accounts that have left news lying, the longest first. @throws ProblemError `unavailable` */
export async function strandedHolders(db: D1Database, nowMs: number, limit: number): Promise<string[]> {
  const query = `SELECT holder, min(at_ms) AS oldest FROM
      (SELECT holder, at_ms FROM connection_news WHERE at_ms < ?1
       UNION ALL SELECT holder, at_ms FROM own_client_news WHERE at_ms < ?1)
    GROUP BY holder ORDER BY oldest LIMIT ?2`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(nowMs - STRANDED_AFTER_MS, limit)
      .all<{ holder: string }>(),
  );
  return rows.results.map(({ holder }) => holder);
}
