/** What the tests of the directory share: configurations with rings of their own, and a database that fails. */

import { env } from 'cloudflare:workers';
import { configOf, type Config } from '#env.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { CONNECTION_DEFAULTS } from '#directory/connections/connection-row.ts';
import type { ConnectionDraft } from '#directory/connections/connections.ts';

export const db = (env as { DB: D1Database }).DB;

/** 32 random bytes in base64. */
export function masterKey(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
}

/** The same database through another object: what another isolate would have. */
export function asAnotherIsolate(): D1Database {
  return {
    prepare: (query: string) => db.prepare(query),
    batch: (list: D1PreparedStatement[]) => db.batch(list),
  } as D1Database;
}

/** A database that refuses every question like D1 does when it cannot be reached. */
export function downDatabase(): D1Database {
  const fail = (): never => {
    throw new Error('D1_ERROR: Network connection lost. planted-platform-text');
  };
  return { prepare: fail, batch: fail } as unknown as D1Database;
}

/** A database whose answers never come. */
export function silentDatabase(): D1Database {
  const never = () => new Promise<never>(() => undefined);
  const statement = { bind: () => statement, first: never, all: never, run: never };
  return { prepare: () => statement, batch: never } as unknown as D1Database;
}

export function configWith(masterKeys: string | null, directory: D1Database = asAnotherIsolate()): Config {
  return { ...configOf(env), masterKeys, directory };
}

/** What the control plane keeps of its own. */
const CONTROL = [
  'admin_key',
  'idempotency',
  'organization_audit',
  'organization_audit_head',
  'organization_audit_checkpoint',
];

/** Everything in the vault's tables, and in those of what it encrypts, is gone. */
export async function emptyVault(): Promise<void> {
  const tables = ['key_check', 'data_key', 'connection', 'webhook_endpoint', ...CONTROL];
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
}

/** Every value of every row in the tables that hold anything of the vault, as text. */
export async function dump(): Promise<string> {
  const vault = ['meta', 'key_check', 'data_key', 'connection', 'webhook_endpoint', ...CONTROL];
  const tables = [...vault, 'account_index', 'agent_index', 'event', 'delivery_index'];
  const rows = await Promise.all(
    tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()),
  );
  return JSON.stringify(rows.map((table) => table.results));
}

/** A draft for a provider of the catalogue that takes a client. */
export function draft(id: string, changed: Partial<ConnectionDraft> = {}): ConnectionDraft {
  const descriptor = findDescriptor('hubspot');
  if (descriptor === undefined) throw new Error('the catalogue misses the provider of these tests');
  return {
    id,
    provider: 'hubspot',
    authType: 'oauth2',
    clientId: `client-of-${id}`,
    clientSecrets: ['planted-secret-1'],
    scopes: ['contacts.read'],
    variables: {},
    providerConfig: null,
    descriptor,
    rotation: 'idle_after:7d',
    ...CONNECTION_DEFAULTS,
    warnings: [],
    ...changed,
  };
}
