/**
 * D1's index of agents (table `agent_index`): what lists are made of. The agent's object is the authority and writes
 * its own row; nothing is decided from here.
 */

import { within } from '#lib/clock.ts';
import { ask } from '../ask.ts';
import { refuseNewerDirectory } from '../schema-major.ts';

/** One agent as lists show it. */
export interface AgentIndexRow {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
  readonly name: string | null;
  readonly status: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** What the agent's object shows of it, as JSON, for lists. */
  readonly resource: string;
  /** Of the master key that its data key is wrapped with; left out: not known. */
  readonly kid?: string | null;
  /** When the object wrote this row. */
  readonly indexedAtMs: number;
}

/**
 * Writes the agent's row; a row older than the stored one changes nothing. @throws ProblemError `unavailable`; the
 * caller tries again.
 */
export async function upsertAgentIndex(db: D1Database, row: AgentIndexRow): Promise<void> {
  const statement = db
    .prepare(
      `INSERT INTO agent_index (id, organization, name, status, created_at_ms, updated_at_ms, resource, indexed_at_ms, kid)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET organization = excluded.organization, name = excluded.name,
         status = excluded.status, created_at_ms = excluded.created_at_ms,
         updated_at_ms = excluded.updated_at_ms, resource = excluded.resource, indexed_at_ms = excluded.indexed_at_ms,
         kid = excluded.kid
       WHERE excluded.updated_at_ms >= agent_index.updated_at_ms`,
    )
    .bind(
      row.id,
      row.organization,
      row.name,
      row.status,
      row.createdAtMs,
      row.updatedAtMs,
      row.resource,
      row.indexedAtMs,
      row.kid ?? null,
    );
  await refuseNewerDirectory(db);
  await ask(() => statement.run());
}

/** Takes the agent out of the lists; an agent that is not there is no error. @throws ProblemError `unavailable` */
export async function deleteAgentIndex(db: D1Database, id: string): Promise<void> {
  await refuseNewerDirectory(db);
  await ask(() => db.prepare('DELETE FROM agent_index WHERE id = ?').bind(id).run());
}

/** Whether the index has a row of this agent; false where the directory does not say so in time. Never throws. */
export function isAgentIndexed(db: D1Database, id: string, withinMs: number): Promise<boolean> {
  const query = 'SELECT 1 FROM agent_index WHERE id = ?';
  const found = ask(() => db.prepare(query).bind(id).first()).then((row) => row !== null);
  return within(withinMs, found, false);
}
