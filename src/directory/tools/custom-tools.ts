/**
 * The table `custom_tool`: tools that operators have added, as JSON under a MAC. It refuses to read a definition: what one
 * means is `tools`', and whether it is sound was judged before it came here.
 */

import type { RequestContext } from '#audit/record.ts';
import { equalSecrets, rowMac } from '#crypto/digest.ts';
import { log } from '#lib/log.ts';
import { ask } from '../ask.ts';
import { controlKey, type VaultConfig } from '../keys/data-key.ts';
import { bySystem, runRecorded, type OrganizationRecord } from '../organization-audit.ts';

export const MAX_CUSTOM_TOOLS = 500;
/** So long an isolate works on what it has read. */
const FRESH_MS = 2_000;

interface Row {
  readonly name: string;
  readonly definition: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly mac: string;
}

type Unsigned = Omit<Row, 'mac'>;

/** Covered by the MAC, in this order. Part of the format. */
function macOf(key: Uint8Array, row: Unsigned): string {
  return rowMac(key, 'custom_tool', [row.name, row.definition, row.created_at_ms, row.updated_at_ms]);
}

interface Read {
  readonly atMs: number;
  /** The JSON of each, by name. */
  readonly definitions: Promise<readonly string[]>;
}

const read = new WeakMap<D1Database, Read>();

/** The definitions, by name, as fresh as two seconds. @throws ProblemError `vault_locked`, `unavailable` */
export function customToolDefinitions(config: VaultConfig, nowMs: number): Promise<readonly string[]> {
  const known = read.get(config.directory);
  if (known !== undefined && nowMs - known.atMs < FRESH_MS && nowMs >= known.atMs) return known.definitions;
  const definitions = readDefinitions(config);
  read.set(config.directory, { atMs: nowMs, definitions });
  definitions.catch(() => read.delete(config.directory));
  return definitions;
}

async function readDefinitions(config: VaultConfig): Promise<readonly string[]> {
  const { results } = await ask(() =>
    config.directory.prepare('SELECT * FROM custom_tool ORDER BY name').all<Row>(),
  );
  if (results.length === 0) return [];
  const { mac } = await controlKey(config);
  return results.flatMap((row) => {
    if (equalSecrets(macOf(mac, row), row.mac)) return [row.definition];
    log('error', 'a custom tool does not match its MAC and is left out', { tool: row.name });
    return [];
  });
}

export type Stored = 'made' | 'replaced' | 'full';

/** @throws ProblemError `vault_locked` (nothing is written then), `unavailable`, `record_corrupt` */
export async function putCustomTool(
  config: VaultConfig,
  { name, connection, definition }: ToolRow,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<Stored> {
  const { directory: db } = config;
  const { mac } = await controlKey(config);
  const before = await ask(() =>
    db
      .prepare('SELECT created_at_ms FROM custom_tool WHERE name = ?')
      .bind(name)
      .first<number>('created_at_ms'),
  );
  const row: Unsigned = { name, definition, created_at_ms: before ?? nowMs, updated_at_ms: nowMs };
  const put = `INSERT INTO custom_tool (name, definition, created_at_ms, updated_at_ms, mac) SELECT ?1, ?2, ?3, ?4, ?5
    WHERE (SELECT count(*) FROM custom_tool WHERE name <> ?1) < ?6
    ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, created_at_ms = excluded.created_at_ms,
      updated_at_ms = excluded.updated_at_ms, mac = excluded.mac`;
  const statement = db
    .prepare(put)
    .bind(name, definition, row.created_at_ms, nowMs, macOf(mac, row), MAX_CUSTOM_TOOLS);
  const isStored = await runRecorded(
    config,
    recordOf('tool.update', name, connection, context, nowMs),
    statement,
  );
  read.delete(db);
  if (!isStored) return 'full';
  return before === null ? 'made' : 'replaced';
}

/** A definition on its way in. `connection` null: it is for all of a provider's. */
export interface ToolRow {
  readonly name: string;
  readonly connection: string | null;
  readonly definition: string;
}

/** False: there is none. @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt` */
export async function deleteCustomTool(
  config: VaultConfig,
  name: string,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<boolean> {
  const statement = config.directory.prepare('DELETE FROM custom_tool WHERE name = ?').bind(name);
  const isGone = await runRecorded(config, recordOf('tool.delete', name, null, context, nowMs), statement);
  read.delete(config.directory);
  return isGone;
}

/** Tools belong to the deployment, as connections do. */
function recordOf(
  action: 'tool.update' | 'tool.delete',
  tool: string,
  connection: string | null,
  context: RequestContext,
  atMs: number,
): OrganizationRecord {
  return { organization: '', fields: { action, outcome: 'ok', tool, connection }, context, atMs };
}
