/**
 * The table `cut_off`: what the kill switch has ended, and when. Written together with the record of who did it, before
 * any account is told. A row stays for ever; it leaves the list of cut-offs (`folded`) when every account that it matched
 * has noted it. Calls no account.
 */

import type { RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { ask, type SqlRow } from '../ask.ts';
import { forgetCutOffs } from './cut-offs.ts';
import type { VaultConfig } from '../keys/data-key.ts';
import { runRecorded } from '../organization-audit.ts';
import { matching, selectorText, type Selector } from './selector.ts';

export interface CutOffRow {
  /** `rev_…` */
  readonly id: string;
  readonly selector: Selector;
  /** Organization of the operators who may read of it beside the unbound ones; null: of none. */
  readonly owner: string | null;
  readonly atProvider: boolean;
  readonly atMs: number;
  /** As the index knew it then. */
  readonly matched: number;
}

/**
 * So many cut-offs of single users may be in work: the list travels with each request for a credential. Wider ones are
 * always taken, and of equal ones the list has the newest alone.
 */
export const MAX_OPEN = 1_000;

const INSERT = `INSERT INTO cut_off (id, selector, agent, connection, organization, identifier, subject, owner,
    at_provider, at_ms, matched, kid)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE ?13 = 0 OR
    (SELECT count(*) FROM cut_off WHERE folded_at_ms IS NULL AND (identifier IS NOT NULL OR subject IS NOT NULL)) < ${MAX_OPEN}`;

/**
 * Writes the cut-off with the record of who did it: from then on it holds.
 *
 * @param kid of the master key that its object needs
 * @throws ProblemError `vault_locked`, `record_corrupt`, `unavailable`, `conflict` (too many in work)
 */
export async function writeCutOff(
  config: VaultConfig,
  row: CutOffRow,
  kid: string | null,
  context: RequestContext,
): Promise<void> {
  const { id, selector, owner, atProvider, atMs, matched } = row;
  const isNarrow = selector.identifier !== null || selector.subject !== null;
  const statement = config.directory
    .prepare(INSERT)
    .bind(
      id,
      selectorText(selector),
      selector.agent,
      selector.connection ?? selector.subject?.connection ?? null,
      selector.organization,
      selector.identifier,
      selector.subject?.subject ?? null,
      owner,
      Number(atProvider),
      atMs,
      matched,
      kid,
      Number(isNarrow),
    );
  const record = {
    organization: owner ?? '',
    fields: {
      action: 'revocation.create',
      outcome: 'ok',
      connection: selector.connection ?? selector.subject?.connection ?? null,
      identifier: selector.identifier,
      evidence: [`revocation:${id}`, ...evidenceOf(selector), `at_provider:${atProvider}`],
    },
    context,
    atMs,
  } as const;
  const isWritten = await runRecorded(config, record, statement);
  forgetCutOffs(config.directory);
  if (isWritten) return;
  throw new ProblemError('conflict', {
    detail: `${MAX_OPEN} revocations of single users are in work: wait, or name a connection or an organization`,
    retryAfterS: 60,
  });
}

/** The subject is a name at the provider, and no word for a record. */
function evidenceOf(selector: Selector): string[] {
  const { agent, connection, identifier, subject, organization } = selector;
  const kind =
    agent !== null
      ? `agent:${agent}`
      : connection !== null
        ? 'connection'
        : identifier !== null
          ? 'identifier'
          : subject !== null
            ? 'subject'
            : 'all';
  return [`selector:${kind}`, ...(organization === null ? [] : [`organization:${organization}`])];
}

function cutOffFromSql(row: SqlRow): CutOffRow {
  const text = (name: string): string | null => (row[name] == null ? null : String(row[name]));
  const [connection, subject] = [text('connection'), text('subject')];
  return {
    id: String(row['id']),
    selector: {
      agent: text('agent'),
      connection: subject === null ? connection : null,
      identifier: text('identifier'),
      subject: subject === null || connection === null ? null : { connection, subject },
      organization: text('organization'),
    },
    owner: text('owner'),
    atProvider: row['at_provider'] === 1,
    atMs: Number(row['at_ms']),
    matched: Number(row['matched']),
  };
}

/** Null: there is none. @throws ProblemError `unavailable` */
export async function findCutOff(db: D1Database, id: string): Promise<CutOffRow | null> {
  const found = await ask(() => db.prepare('SELECT * FROM cut_off WHERE id = ?').bind(id).first<SqlRow>());
  return found === null ? null : cutOffFromSql(found);
}

export interface Matched {
  readonly count: number;
  /** When the youngest of them was changed last, by its own clock; null: there is none. */
  readonly changedAtMs: number | null;
}

/** The accounts of the index that a cut-off of now would match. @throws ProblemError `unavailable` */
export async function findMatched(db: D1Database, selector: Selector, atMs: number): Promise<Matched> {
  const { where, values } = matching(selector, atMs);
  const query = `SELECT count(*) AS n, max(updated_at_ms) AS at FROM account_index WHERE ${where}`;
  const found = await ask(() =>
    db
      .prepare(query)
      .bind(...values)
      .first<{ n: number; at: number | null }>(),
  );
  return { count: found?.n ?? 0, changedAtMs: found?.at ?? null };
}

/** A place among the accounts that are matched, oldest first. */
export interface MatchPlace {
  readonly createdAtMs: number;
  readonly accountId: string;
}

/** The next accounts behind `after`, oldest first. @throws ProblemError `unavailable` */
export async function matchedAccounts(
  db: D1Database,
  { selector, atMs }: Pick<CutOffRow, 'selector' | 'atMs'>,
  after: MatchPlace | null,
  limit: number,
): Promise<MatchPlace[]> {
  const { where, values } = matching(selector, atMs);
  const from = after ?? { createdAtMs: Number.MIN_SAFE_INTEGER, accountId: '' };
  const query = `SELECT id, created_at_ms FROM account_index WHERE ${where} AND (created_at_ms, id) > (?, ?)
    ORDER BY created_at_ms, id LIMIT ?`;
  const { results } = await ask(() =>
    db
      .prepare(query)
      .bind(...values, from.createdAtMs, from.accountId, limit)
      .all<{ id: string; created_at_ms: number }>(),
  );
  return results.map((row) => ({ createdAtMs: row.created_at_ms, accountId: row.id }));
}

/** Notes that all receipts are there; null: no longer. @throws ProblemError `unavailable` */
export async function noteCompleted(db: D1Database, id: string, atMs: number | null): Promise<void> {
  const update = 'UPDATE cut_off SET completed_at_ms = ? WHERE id = ?';
  await ask(() => db.prepare(update).bind(atMs, id).run());
}

/** Takes the cut-off out of the list: every account that it matched has noted it. @throws ProblemError `unavailable` */
export async function foldCutOff(db: D1Database, id: string, nowMs: number): Promise<void> {
  const update = 'UPDATE cut_off SET folded_at_ms = ?1 WHERE id = ?2 AND completed_at_ms IS NOT NULL';
  await ask(() => db.prepare(update).bind(nowMs, id).run());
}

const REOPEN = `UPDATE cut_off SET folded_at_ms = NULL WHERE folded_at_ms IS NOT NULL AND at_ms >= ?1
  AND agent IS NULL AND (connection IS NULL OR connection = ?2) AND (organization IS NULL OR organization = ?3)
  AND (identifier IS NULL OR identifier = ?4) AND (subject IS NULL OR subject = ?6)
  AND NOT EXISTS (SELECT 1 FROM account_index AS known WHERE known.id = ?5
    AND (cut_off.subject IS NULL OR known.subject = cut_off.subject))`;

/**
 * To run before a row of the index is written: an account that the index has not known, or not as this user's, is told
 * as well.
 */
export function reopenCutOffs(
  db: D1Database,
  account: {
    readonly id: string;
    readonly connection: string;
    readonly organization: string;
    readonly identifier: string;
    readonly subject: string | null;
    readonly createdAtMs: number;
  },
): D1PreparedStatement {
  const { id, connection, organization, identifier, subject, createdAtMs } = account;
  return db.prepare(REOPEN).bind(createdAtMs, connection, organization, identifier, id, subject);
}

/** Cut-offs in work that should be folded by now: their objects are woken. @throws ProblemError `unavailable` */
export async function lingeringCutOffs(db: D1Database, beforeMs: number, limit: number): Promise<string[]> {
  const query = 'SELECT id FROM cut_off WHERE folded_at_ms IS NULL AND at_ms < ? ORDER BY at_ms LIMIT ?';
  const { results } = await ask(() => db.prepare(query).bind(beforeMs, limit).all<{ id: string }>());
  return results.map(({ id }) => id);
}
