/** The directory's schema: two ways to apply it that keep one account, and who may apply it by himself. */

import { env } from 'cloudflare:workers';
import { applyD1Migrations, reset } from 'cloudflare:test';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  MIGRATIONS,
  SCHEMA_VERSION,
  applyMigrations,
  migrateInDevelopment,
  schemaVersion,
  statementsOf,
} from '#directory/migrate.ts';

const db = (env as { DB: D1Database }).DB;

/** Another isolate sees the same database through an object of its own. */
function asAnotherIsolate(): D1Database {
  return {
    prepare: (query: string) => db.prepare(query),
    batch: (list: D1PreparedStatement[]) => db.batch(list),
  } as D1Database;
}

async function tables(): Promise<string[]> {
  const rows = await db
    .prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name`,
    )
    .all<{ name: string }>();
  return rows.results.map((row) => row.name);
}

async function noted(): Promise<string[]> {
  const rows = await db.prepare('SELECT name FROM d1_migrations ORDER BY id').all<{ name: string }>();
  return rows.results.map((row) => row.name);
}

const TABLES = [
  'account_index',
  'admin_key',
  'agent_index',
  'agent_proof',
  'approval_index',
  'connect_session',
  'connection',
  'connection_grave',
  'connection_news',
  'custom_tool',
  'cut_off',
  'd1_migrations',
  'data_key',
  'delivery_index',
  'event',
  'grave_told',
  'idempotency',
  'key_check',
  'mcp_tool',
  'meta',
  'organization_audit',
  'organization_audit_checkpoint',
  'organization_audit_head',
  'own_client',
  'own_client_news',
  'signing_key',
  'webhook_endpoint',
];
const asWranglerReads = MIGRATIONS.map(({ name, sql }) => ({ name, queries: statementsOf(sql) }));

/** On a busy machine the pool's reset has been seen to return before the database was empty. */
async function empty(): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    await reset();
    if ((await tables()).length === 0) return;
  }
  throw new Error('the database was not emptied');
}

beforeEach(empty);

describe('the schema', () => {
  it('is at version 0 where nothing was applied, and then at the present one', async () => {
    expect(await schemaVersion(db)).toBe(0);
    await applyMigrations(db);
    expect(await schemaVersion(db)).toBe(SCHEMA_VERSION);
    expect(await tables()).toEqual(TABLES);
  });

  it('is applied once, however often and at once it is asked for', async () => {
    await Promise.all([1, 2, 3, 4].map(() => applyMigrations(asAnotherIsolate())));
    await applyMigrations(db);
    expect(await noted()).toEqual(MIGRATIONS.map(({ name }) => name));
    expect(await schemaVersion(db)).toBe(SCHEMA_VERSION);
  });

  it('that wrangler has applied is found applied, and the other way round', async () => {
    await applyD1Migrations(db, asWranglerReads);
    await applyMigrations(db);
    expect(await noted()).toEqual(MIGRATIONS.map(({ name }) => name));
    await empty();
    await applyMigrations(db);
    await applyD1Migrations(db, asWranglerReads);
    expect(await noted()).toEqual(MIGRATIONS.map(({ name }) => name));
  });

  it('is there whole or not at all: a file that fails in the middle leaves nothing behind', async () => {
    await db.prepare('CREATE TABLE agent_index (id TEXT)').run();
    await expect(applyMigrations(db)).rejects.toThrow();
    expect(await tables()).toEqual(['agent_index', 'd1_migrations']);
    expect(await schemaVersion(db)).toBe(0);
    await db.prepare('DROP TABLE agent_index').run();
    await applyMigrations(db);
    expect(await tables()).toEqual(TABLES);
  });

  it('of an older release is brought up with what is stored in it', async () => {
    await applyD1Migrations(db, asWranglerReads.slice(0, 1));
    const columns = `id, connection, provider, identifier, organization, status, status_since_ms, credential_type, scopes,
      metadata, created_at_ms, updated_at_ms, indexed_at_ms`;
    await db
      .prepare(
        `INSERT INTO account_index (${columns}) VALUES ('ca_1', 'c', 'p', 'i', '', 'active', 1, 'oauth2', '[]', '{}', 1, 1, 1)`,
      )
      .run();
    expect(await schemaVersion(db)).toBe(1);
    await applyMigrations(db);
    expect(await schemaVersion(db)).toBe(SCHEMA_VERSION);
    const row = await db.prepare('SELECT id, beat_at_ms, beats FROM account_index').first();
    expect(row).toEqual({ id: 'ca_1', beat_at_ms: null, beats: 0 });
  });

  it('is cut into statements at the ends of lines, without the comments', () => {
    expect(
      statementsOf(`-- a; b\nCREATE TABLE x (a TEXT); \n  -- c\nINSERT INTO x VALUES ('1;2');\n\nSELECT 1`),
    ).toEqual(['CREATE TABLE x (a TEXT)', `INSERT INTO x VALUES ('1;2')`, 'SELECT 1']);
  });
});

describe('in development', () => {
  it.each(['localhost', 'localhost:8787', '127.0.0.1:8787', '[::1]:8787', 'LOCALHOST'])(
    'a request for %s brings the schema with it',
    async (host) => {
      await migrateInDevelopment({ directory: asAnotherIsolate() }, host);
      expect(await schemaVersion(db)).toBe(SCHEMA_VERSION);
    },
  );

  it.each([
    'broker.example.com',
    'localhost.example.com',
    '127.0.0.1.example.com',
    'x.localhost',
    'evil-localhost',
    '',
  ])('a request for %j changes nothing', async (host) => {
    await migrateInDevelopment({ directory: asAnotherIsolate() }, host);
    expect(await tables()).toEqual([]);
  });

  it('an isolate looks once, and again after a failure', async () => {
    let questions = 0;
    let down = true;
    const counted = asAnotherIsolate();
    const prepare = counted.prepare.bind(counted);
    counted.prepare = (query: string) => {
      questions += 1;
      if (down) throw new Error('D1_ERROR: Network connection lost.');
      return prepare(query);
    };
    await expect(migrateInDevelopment({ directory: counted }, 'localhost')).rejects.toMatchObject({
      code: 'unavailable',
    });
    down = false;
    await Promise.all([1, 2, 3].map(() => migrateInDevelopment({ directory: counted }, 'localhost')));
    expect(await schemaVersion(db)).toBe(SCHEMA_VERSION);
    const asked = questions;
    await migrateInDevelopment({ directory: counted }, 'localhost');
    expect(questions).toBe(asked);
  });
});
