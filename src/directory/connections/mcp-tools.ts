/**
 * The table `mcp_tool`: what the tools of MCP servers were when they were first seen, and what an operator has accepted
 * since. Rows are under a MAC: a database alone accepts nothing. It refuses to judge a tool: a digest stands for all that
 * clients are shown of it.
 */

import type { RequestContext } from '#audit/record.ts';
import { equalSecrets, rowMac } from '#crypto/digest.ts';
import { ask, type SqlRow } from '../ask.ts';
import { connectionKey, type VaultConfig } from '../keys/data-key.ts';
import { runRecorded } from '../organization-audit.ts';
import { connectionFromSql, isAuthentic } from './connection-row.ts';
import { connectionRecord } from './connections.ts';

/** A tool by the name that its server gives it. */
export interface SeenTool {
  readonly tool: string;
  readonly digest: string;
}

/** `known`: as it was first seen, or accepted. `changed`: something else by now, which nobody has accepted. */
export interface ToolStanding extends SeenTool {
  readonly standing: 'known' | 'changed';
  /** What it was before; empty where it is new. */
  readonly before: readonly string[];
  /** Nobody has been told of the change yet. */
  readonly isUntold: boolean;
}

/** All tools of a server, and whether one that has changed is kept from being called. */
export interface NotedTools {
  /** In the order in which they were given. */
  readonly tools: readonly ToolStanding[];
  readonly isPinned: boolean;
}

/** Of one connection. A server that names more tools over the years is not believed in what is new. */
const MOST_ROWS = 2_000;
/** Of one tool: the newest that nobody has accepted stay. */
const MOST_CHANGED = 5;

const macOf = (key: Uint8Array, connection: string, { tool, digest }: SeenTool, status: string): string =>
  rowMac(key, 'mcp_tool', [connection, tool, digest, status]);

/**
 * Compares the tools of a server with what was seen of it, and notes what is new.
 * @throws ProblemError `vault_locked`, `unavailable`
 */
export async function noteTools(
  config: VaultConfig,
  connection: string,
  tools: readonly SeenTool[],
  nowMs: number,
): Promise<NotedTools> {
  const { directory: db } = config;
  const { mac } = await connectionKey(config);
  const [stored, settings] = await ask(() =>
    db.batch<SqlRow>([
      db
        .prepare(
          'SELECT tool, digest, status, told, mac FROM mcp_tool WHERE connection = ? ORDER BY seen_at_ms',
        )
        .bind(connection),
      db.prepare('SELECT * FROM connection WHERE id = ?').bind(connection),
    ]),
  );
  const results = stored?.results ?? [];
  const [row] = settings?.results ?? [];
  // A row that somebody else wrote may have lost the pin.
  const isPinned = row === undefined || !isAuthentic(mac, row) || connectionFromSql(row).pinTools;
  const rows = results
    .map(rowOf)
    .filter((row) => equalSecrets(macOf(mac, connection, row, row.status), row.mac));
  const byTool = Map.groupBy(rows, ({ tool }) => tool);
  let room = MOST_ROWS - results.length;
  const statements: D1PreparedStatement[] = [];
  const standings = tools.map(({ tool, digest }): ToolStanding => {
    const own = byTool.get(tool) ?? [];
    const before = own.filter(({ status }) => status === 'accepted').map((row) => row.digest);
    const known = own.find((one) => one.digest === digest);
    if (known !== undefined)
      return known.status === 'accepted'
        ? { tool, digest, standing: 'known', before: [], isUntold: false }
        : { tool, digest, standing: 'changed', before, isUntold: !known.isTold };
    const status = before.length === 0 && room > 0 ? 'accepted' : 'changed';
    if (room > 0) {
      room -= 1;
      const sealed = macOf(mac, connection, { tool, digest }, status);
      statements.push(inserted(db, connection, { tool, digest }, status, sealed, nowMs));
      const changed = own.filter((one) => one.status === 'changed');
      const [oldest] = changed;
      if (oldest !== undefined && changed.length >= MOST_CHANGED)
        statements.push(removed(db, connection, oldest));
    }
    return status === 'accepted'
      ? { tool, digest, standing: 'known', before: [], isUntold: false }
      : { tool, digest, standing: 'changed', before, isUntold: true };
  });
  if (statements.length > 0) await ask(() => db.batch(statements));
  return { tools: standings, isPinned };
}

/** Those who have to know of the change do. @throws ProblemError `unavailable` */
export async function noteTold(
  db: D1Database,
  connection: string,
  { tool, digest }: SeenTool,
): Promise<void> {
  const query = 'UPDATE mcp_tool SET told = 1 WHERE connection = ? AND tool = ? AND digest = ?';
  await ask(() => db.prepare(query).bind(connection, tool, digest).run());
}

/**
 * An operator takes the tool as it is now. False: the server never listed it so.
 * @throws ProblemError `vault_locked`, `unavailable`
 */
export async function acceptTool(
  config: VaultConfig,
  connection: string,
  seen: SeenTool,
  nowMs: number,
  context: RequestContext,
): Promise<boolean> {
  const { directory: db } = config;
  const { mac } = await connectionKey(config);
  const query =
    'UPDATE mcp_tool SET status = ?, mac = ?, told = 1 WHERE connection = ? AND tool = ? AND digest = ?';
  const sealed = macOf(mac, connection, seen, 'accepted');
  const statement = db.prepare(query).bind('accepted', sealed, connection, seen.tool, seen.digest);
  const record = connectionRecord('connection.update', connection, context, nowMs);
  const evidence = [`tool: ${seen.tool}`, `digest: ${seen.digest}`];
  return runRecorded(config, { ...record, fields: { ...record.fields, evidence } }, statement);
}

interface Row extends SeenTool {
  readonly status: string;
  readonly isTold: boolean;
  readonly mac: string;
}

function rowOf(row: SqlRow): Row {
  return {
    tool: String(row['tool']),
    digest: String(row['digest']),
    status: String(row['status']),
    isTold: Number(row['told']) !== 0,
    mac: String(row['mac']),
  };
}

function inserted(
  db: D1Database,
  connection: string,
  { tool, digest }: SeenTool,
  status: string,
  mac: string,
  nowMs: number,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO mcp_tool (connection, tool, digest, status, seen_at_ms, told, mac)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM connection WHERE id = ?1)
         ON CONFLICT (connection, tool, digest) DO NOTHING`,
    )
    .bind(connection, tool, digest, status, nowMs, status === 'accepted' ? 1 : 0, mac);
}

function removed(db: D1Database, connection: string, { tool, digest }: SeenTool): D1PreparedStatement {
  return db
    .prepare(`DELETE FROM mcp_tool WHERE connection = ? AND tool = ? AND digest = ? AND status = 'changed'`)
    .bind(connection, tool, digest);
}
