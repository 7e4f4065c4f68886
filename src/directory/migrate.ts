/**
 * The schema of D1: which version is there, and how to get to the present one. `wrangler d1 migrations apply` and this
 * file keep the same account of what has been applied (`d1_migrations`), so either may go first.
 * Only development applies migrations by itself: in production a deploy does, before or after the code.
 */

import type { Config } from '#env.ts';
import { ask, isSchemaMissing } from './ask.ts';
import init from './migrations/0001_init.sql';
import webhooks from './migrations/0002_webhooks.sql';
import connectionFields from './migrations/0003_connection_fields.sql';
import adminKeys from './migrations/0004_admin_keys.sql';
import organizationAudit from './migrations/0005_organization_audit.sql';
import connect from './migrations/0006_connect.sql';
import connectionHealth from './migrations/0007_connection_health.sql';
import grantsBySubject from './migrations/0008_grants_by_subject.sql';
import deliveryFailure from './migrations/0009_delivery_failure.sql';
import keyIds from './migrations/0010_key_ids.sql';
import accessTokenTtl from './migrations/0011_access_token_ttl.sql';
import clientStanding from './migrations/0012_client_standing.sql';
import keyEnds from './migrations/0013_key_ends.sql';
import endedGraves from './migrations/0014_ended_graves.sql';
import toldGraves from './migrations/0015_told_graves.sql';
import auditCheckpoint from './migrations/0016_audit_checkpoint.sql';
import agentProofs from './migrations/0017_agent_proofs.sql';
import cutOffs from './migrations/0018_cut_offs.sql';
import signingKeys from './migrations/0019_signing_keys.sql';
import approvals from './migrations/0020_approvals.sql';
import customTools from './migrations/0021_custom_tools.sql';
import mcpTools from './migrations/0022_mcp_tools.sql';
import ownClients from './migrations/0023_own_clients.sql';

/** In their order, under the names of their files: those are what wrangler records. */
export const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: '0001_init.sql', sql: init },
  { name: '0002_webhooks.sql', sql: webhooks },
  { name: '0003_connection_fields.sql', sql: connectionFields },
  { name: '0004_admin_keys.sql', sql: adminKeys },
  { name: '0005_organization_audit.sql', sql: organizationAudit },
  { name: '0006_connect.sql', sql: connect },
  { name: '0007_connection_health.sql', sql: connectionHealth },
  { name: '0008_grants_by_subject.sql', sql: grantsBySubject },
  { name: '0009_delivery_failure.sql', sql: deliveryFailure },
  { name: '0010_key_ids.sql', sql: keyIds },
  { name: '0011_access_token_ttl.sql', sql: accessTokenTtl },
  { name: '0012_client_standing.sql', sql: clientStanding },
  { name: '0013_key_ends.sql', sql: keyEnds },
  { name: '0014_ended_graves.sql', sql: endedGraves },
  { name: '0015_told_graves.sql', sql: toldGraves },
  { name: '0016_audit_checkpoint.sql', sql: auditCheckpoint },
  { name: '0017_agent_proofs.sql', sql: agentProofs },
  { name: '0018_cut_offs.sql', sql: cutOffs },
  { name: '0019_signing_keys.sql', sql: signingKeys },
  { name: '0020_approvals.sql', sql: approvals },
  { name: '0021_custom_tools.sql', sql: customTools },
  { name: '0022_mcp_tools.sql', sql: mcpTools },
  { name: '0023_own_clients.sql', sql: ownClients },
];

/** The version that this code writes. Steps are additive, so a newer schema serves this code as well. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** As wrangler creates it, so that its own `CREATE TABLE IF NOT EXISTS` finds what it expects. */
const APPLIED_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** The version of the stored schema; 0 where nothing was ever applied. @throws ProblemError `unavailable` */
export function schemaVersion(db: D1Database): Promise<number> {
  return ask(async () => {
    try {
      const value = await db
        .prepare(`SELECT value FROM meta WHERE key = 'schema_version'`)
        .first<string>('value');
      return Number(value ?? 0);
    } catch (error) {
      if (isSchemaMissing(error)) return 0;
      throw error;
    }
  });
}

/**
 * Statements of a file: comments dropped, cut where a line ends with `;`. So no line of SQL holds another `;`, or `--`.
 */
export function statementsOf(sql: string): string[] {
  return sql
    .replace(/^\s*--.*$/gm, '')
    .split(/;[ \t\r]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

async function appliedNames(db: D1Database): Promise<Set<string>> {
  const rows = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>();
  return new Set(rows.results.map((row) => row.name));
}

/** Brings the schema to the present version. Each file is there whole or not at all; applying twice changes nothing. */
export async function applyMigrations(db: D1Database): Promise<void> {
  await ask(() => db.prepare(APPLIED_TABLE).run());
  const applied = await ask(() => appliedNames(db));
  for (const { name, sql } of MIGRATIONS) {
    if (applied.has(name)) continue;
    const statements = statementsOf(sql).map((statement) => db.prepare(statement));
    const noted = db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name);
    try {
      await ask(() => db.batch([...statements, noted]));
    } catch (error) {
      // Another isolate may have been first: then the batch failed as a whole, and the file is there.
      if (!(await ask(() => appliedNames(db))).has(name)) throw error;
    }
  }
}

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;
const migrated = new WeakMap<D1Database, Promise<void>>();

async function catchUp(db: D1Database): Promise<void> {
  if ((await schemaVersion(db)) < SCHEMA_VERSION) await applyMigrations(db);
}

/**
 * Applies what is missing when `host` (of the request's URL, with or without port) is loopback: nobody else's database
 * is reached under such a name. Looks once per isolate; after a failure, again with the next request.
 */
export async function migrateInDevelopment(config: Pick<Config, 'directory'>, host: string): Promise<void> {
  if (!LOOPBACK_HOST.test(host)) return;
  const db = config.directory;
  let work = migrated.get(db);
  if (work === undefined) {
    work = catchUp(db);
    migrated.set(db, work);
    work.catch(() => migrated.delete(db));
  }
  await work;
}
