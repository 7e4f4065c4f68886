/**
 * The table `account_index`: what lists and filters of accounts show. Never the authority: an account's object is, and
 * brings its row here with its own timer, so that a row may come twice or late.
 */

import { within } from '#lib/clock.ts';
import { ask } from '../ask.ts';
import { reopenGrave } from '../graves.ts';
import { reopenCutOffs } from '../revocations/cut-off-table.ts';
import { refuseNewerDirectory } from '../schema-major.ts';

export interface AccountIndexRow {
  readonly id: string;
  readonly connection: string;
  readonly provider: string;
  readonly identifier: string;
  /** Empty for none. */
  readonly organization: string;
  readonly status: string;
  readonly statusReason: string | null;
  readonly statusSinceMs: number;
  readonly subject: string | null;
  readonly subjectLabel: string | null;
  readonly credentialType: string;
  readonly scopes: readonly string[];
  /** Of the newest grant; null: never, or none. */
  readonly expiresAtMs: number | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** The whole resource as JSON, for lists; left out: lists ask the account. */
  readonly resource?: string;
  /** Also when the account was heard of last (`beats.ts`). */
  readonly indexedAtMs: number;
  /** Of the master key that its data key is wrapped with; left out: not known. */
  readonly kid?: string | null;
  /** Whether the account has timers and should be heard of daily; left out: as the index knows it. */
  readonly beats?: boolean;
}

const COLUMNS = [
  'id',
  'connection',
  'provider',
  'identifier',
  'organization',
  'status',
  'status_reason',
  'status_since_ms',
  'subject',
  'subject_label',
  'credential_type',
  'scopes',
  'expires_at_ms',
  'metadata',
  'resource',
  'created_at_ms',
  'updated_at_ms',
  'indexed_at_ms',
  'kid',
];
/** Equal times are taken: within a millisecond the later call carries the later state. */
const UPSERT = `INSERT INTO account_index (${COLUMNS.join(', ')}, beat_at_ms, beats)
  VALUES (${COLUMNS.map(() => '?').join(', ')}, ?, coalesce(?, 0))
  ON CONFLICT (id) DO UPDATE SET ${COLUMNS.slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')},
    beat_at_ms = max(coalesce(account_index.beat_at_ms, 0), excluded.beat_at_ms),
    beats = coalesce(?, account_index.beats)
  WHERE excluded.updated_at_ms >= account_index.updated_at_ms`;

/** Writes a row; a row older than the stored one changes nothing. @throws ProblemError `unavailable` */
export async function upsertAccountIndex(db: D1Database, row: AccountIndexRow): Promise<void> {
  const beats = row.beats === undefined ? null : Number(row.beats);
  const values = [
    row.id,
    row.connection,
    row.provider,
    row.identifier,
    row.organization,
    row.status,
    row.statusReason,
    row.statusSinceMs,
    row.subject,
    row.subjectLabel,
    row.credentialType,
    JSON.stringify(row.scopes),
    row.expiresAtMs,
    JSON.stringify(row.metadata),
    row.resource ?? null,
    row.createdAtMs,
    row.updatedAtMs,
    row.indexedAtMs,
    row.kid ?? null,
    row.indexedAtMs,
    beats,
    beats,
  ];
  await refuseNewerDirectory(db);
  await ask(() =>
    db.batch([reopenGrave(db, row), reopenCutOffs(db, row), db.prepare(UPSERT).bind(...values)]),
  );
}

/** Takes an account out of the lists. @throws ProblemError `unavailable` */
export async function deleteAccountIndex(db: D1Database, id: string): Promise<void> {
  await refuseNewerDirectory(db);
  await ask(() => db.prepare('DELETE FROM account_index WHERE id = ?').bind(id).run());
}

/**
 * The organization of an account that is there, or was lately, empty for none; null: there is no such account.
 * @throws ProblemError `unavailable`
 */
export async function organizationOf(db: D1Database, id: string): Promise<string | null> {
  const found = db.prepare('SELECT organization FROM account_index WHERE id = ?').bind(id);
  return ask(() => found.first<string>('organization'));
}

/** How many accounts of a connection the directory knows, of one organization or of all (null). @throws ProblemError `unavailable` */
export async function countAccounts(
  db: D1Database,
  connection: string,
  organization: string | null = null,
): Promise<number> {
  const statement = db
    .prepare(
      'SELECT count(*) AS n FROM account_index WHERE connection = ?1 AND (?2 IS NULL OR organization = ?2)',
    )
    .bind(connection, organization);
  return (await ask(() => statement.first<number>('n'))) ?? 0;
}

/** A number that is needed roughly is not counted again so soon: many need it at the same time. */
const COUNT_AGE_MS = 300_000;
const COUNT = `UPDATE connection SET accounts_counted_at_ms = ?2,
    accounts_counted = (SELECT count(*) FROM account_index WHERE connection = ?1)
  WHERE id = ?1 AND (accounts_counted_at_ms IS NULL OR accounts_counted_at_ms NOT BETWEEN ?2 - ?3 AND ?2)`;

/**
 * About how many accounts a connection has: counted by the first request within five minutes, and read by the others.
 * @throws ProblemError `unavailable`
 */
export async function roughCountOf(db: D1Database, connection: string, nowMs: number): Promise<number> {
  const [, counted] = await ask(() =>
    db.batch<{ n: number | null }>([
      db.prepare(COUNT).bind(connection, nowMs, COUNT_AGE_MS),
      db.prepare('SELECT accounts_counted AS n FROM connection WHERE id = ?').bind(connection),
    ]),
  );
  return counted?.results[0]?.n ?? 0;
}

/** Whether the index has a row of this account; false where the directory does not say so in time. Never throws. */
export function isIndexed(db: D1Database, id: string, withinMs: number): Promise<boolean> {
  const query = 'SELECT 1 FROM account_index WHERE id = ?';
  const found = ask(() => db.prepare(query).bind(id).first()).then((row) => row !== null);
  return within(withinMs, found, false);
}
