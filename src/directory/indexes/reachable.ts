/**
 * Accounts of the index that an agent's rules may reach. It only narrows what is read: whether the agent may use one of
 * them is `policy`'s decision, which the caller makes row by row.
 */

import { ask } from '../ask.ts';
import type { ListedRow } from './index-lists.ts';
import type { ListPosition } from '../connections/connections.ts';
import { listConditions } from './list-conditions.ts';

/** Patterns with `*`; `organizations` null: the agent's own one alone. */
export interface Reach {
  readonly connection: string;
  readonly identifiers: readonly string[];
  readonly organizations: readonly string[] | null;
}

/** D1 takes 100 values, some of which are the page's. */
const MAX_VALUES = 80;
/** D1 takes patterns of at most 50 bytes. */
const MAX_PATTERN_BYTES = 50;

interface Part {
  readonly sql: string;
  readonly values: readonly string[];
}

/** One pattern of ours as SQLite compares it; null: it cannot, so everything fits. */
function fits(column: string, pattern: string): Part | null {
  if (!pattern.includes('*')) return { sql: `${column} = ?`, values: [pattern] };
  const glob = pattern.replaceAll(/[?[]/g, (sign) => `[${sign}]`);
  if (new TextEncoder().encode(glob).length > MAX_PATTERN_BYTES) return null;
  return { sql: `${column} GLOB ?`, values: [glob] };
}

function any(parts: readonly (Part | null)[]): Part | null {
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length || known.length === 0) return null;
  return {
    sql: `(${known.map(({ sql }) => sql).join(' OR ')})`,
    values: known.flatMap(({ values }) => values),
  };
}

function all(parts: readonly (Part | null)[]): Part | null {
  const known = parts.filter((part) => part !== null);
  if (known.length === 0) return null;
  return {
    sql: `(${known.map(({ sql }) => sql).join(' AND ')})`,
    values: known.flatMap(({ values }) => values),
  };
}

function reachOf(rule: Reach, own: string): Part | null {
  const organization =
    rule.organizations === null
      ? fits('organization', own)
      : any(rule.organizations.map((pattern) => fits('organization', pattern)));
  return all([
    fits('connection', rule.connection),
    any(rule.identifiers.map((pattern) => fits('identifier', pattern))),
    organization,
  ]);
}

/**
 * Rows that the rules may reach, newest first, at most `limit`; more than they reach where the rules are too many or too
 * long to be asked for. @throws ProblemError `unavailable`
 *
 * @param organization of the agent; empty: none
 */
export async function reachableAccounts(
  db: D1Database,
  { rules, organization }: { readonly rules: readonly Reach[]; readonly organization: string },
  page: { readonly limit: number; readonly after: ListPosition | null },
): Promise<ListedRow[]> {
  const leaves = organization === '' && rules.some(({ organizations }) => organizations !== null);
  const { where, values } = listConditions({ organization: leaves ? null : organization }, page.after);
  const narrowed = any(rules.map((rule) => reachOf(rule, organization)));
  const usable =
    narrowed !== null && narrowed.values.length <= MAX_VALUES ? narrowed : { sql: 'true', values: [] };
  const query = `SELECT id, created_at_ms, resource, indexed_at_ms FROM account_index
    WHERE ${where} AND ${usable.sql} ORDER BY created_at_ms DESC, id DESC LIMIT ?`;
  const rows = await ask(() =>
    db
      .prepare(query)
      .bind(...values, ...usable.values, page.limit)
      .all<{ id: string; created_at_ms: number; resource: string | null; indexed_at_ms: number }>(),
  );
  return rows.results.map((row) => ({
    id: row.id,
    createdAtMs: row.created_at_ms,
    resource: row.resource,
    indexedAtMs: row.indexed_at_ms,
  }));
}

/** Globs that are looked up for one answer. */
const MAX_GLOBS = 20;

/** Which of these patterns of connections fit none that there is. @throws ProblemError `unavailable` */
export async function globsWithoutConnection(db: D1Database, globs: readonly string[]): Promise<string[]> {
  const asked = globs.slice(0, MAX_GLOBS).flatMap((glob) => {
    const part = fits('id', glob);
    return part === null ? [] : [{ glob, part }];
  });
  if (asked.length === 0) return [];
  const columns = asked.map(
    ({ part }, index) => `EXISTS (SELECT 1 FROM connection WHERE ${part.sql}) AS is_there_${index}`,
  );
  const row = await ask(() =>
    db
      .prepare(`SELECT ${columns.join(', ')}`)
      .bind(...asked.flatMap(({ part }) => part.values))
      .first<Record<string, number>>(),
  );
  return asked.flatMap(({ glob }, index) => (row?.[`is_there_${index}`] === 0 ? [glob] : []));
}
