/**
 * What must hold everywhere within a second and is not in an account's own copy yet: connections whose credentials no
 * longer leave, and connections that are gone. Read beside the agent's record, kept by the isolate for less than a
 * second, and passed to the account with each call. Where the directory does not answer the last list is used: no token
 * waits for it longer than 300 ms, and none is refused because it is down.
 */

import { systemNow, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';

/** A list is used for as long as an agent's record: who waits in the account asks anew after the rest of the second. */
const CUT_OFFS_MAX_AGE_MS = 750;
/** From then on a new list is fetched beside the request, so that under load nobody waits for one. */
const RENEW_AFTER_MS = 350;
const PATIENCE_MS = 300;
/** After a connection is gone: accounts that the index has not heard of yet are told by the list for so long. */
const YOUNG_GRAVE_MS = 3_600_000;
/** An account that was made while its connection was being deleted. The account itself tells whether it was. */
const MADE_MEANWHILE_MS = 60_000;

/** `version`: of the connection when it was closed; an account whose copy is newer knows better. */
export interface ClosedConnection {
  readonly connection: string;
  readonly version: number;
}

export interface DeletedConnection extends ClosedConnection {
  /** Accounts that were made until then are dead; also those whose copy of the connection is of that life. */
  readonly deletedAtMs: number;
}

/** Crosses RPC with each request for a credential. Fields are only added. */
export interface CutOffs {
  readonly proxyOnly: readonly ClosedConnection[];
  readonly deleted: readonly DeletedConnection[];
}

interface Kept {
  /** When it was asked for: what it shows is not older. Of a list that did not come, when it should have. */
  readonly list: CutOffs | null;
  readonly listAtMs: number;
  /** When the directory was asked last, whatever came of it. */
  readonly askedAtMs: number;
}

/** By database: a test has several, an isolate one. Answers are kept, never questions, which may end with their request. */
const kept = new WeakMap<D1Database, Kept>();
/** Rises when something was changed here: what was asked before that is not kept. */
let epoch = 0;

/** The next request asks the directory. For whoever changes a connection in this isolate. */
export function forgetCutOffs(db: D1Database): void {
  epoch += 1;
  kept.delete(db);
}

/**
 * The present list; null where this isolate has never had one and the directory does not answer. Synchronous where one
 * is at hand. Never throws.
 *
 * @param waitUntil keeps the request's context until a list that nobody waits for is there
 */
export function cutOffs(
  db: D1Database,
  waitUntil: (work: Promise<unknown>) => void,
): CutOffs | null | Promise<CutOffs | null> {
  const nowMs = systemNow();
  const known = kept.get(db);
  const ageMs = known === undefined ? Infinity : nowMs - known.listAtMs;
  const isFresh = known !== undefined && known.list !== null && ageMs >= 0 && ageMs < CUT_OFFS_MAX_AGE_MS;
  if (isFresh) {
    if (ageMs >= RENEW_AFTER_MS && nowMs - known.askedAtMs >= RENEW_AFTER_MS) waitUntil(renew(db, nowMs));
    return known.list;
  }
  const sinceAskedMs = known === undefined ? Infinity : nowMs - known.askedAtMs;
  // Asked a moment ago without an answer: not every request waits for a directory that does not answer.
  if (known !== undefined && sinceAskedMs >= PATIENCE_MS && sinceAskedMs < CUT_OFFS_MAX_AGE_MS)
    return known.list;
  return renew(db, nowMs);
}

/** How old the isolate's list is; that of a directory that does not answer counts as just good enough. */
export function cutOffsAgeMs(db: D1Database): number {
  const known = kept.get(db);
  if (known === undefined || known.list === null) return 0;
  return Math.min(Math.max(0, systemNow() - known.listAtMs), CUT_OFFS_MAX_AGE_MS);
}

async function renew(db: D1Database, nowMs: number): Promise<CutOffs | null> {
  const asked = epoch;
  const before = kept.get(db);
  kept.set(db, { list: before?.list ?? null, listAtMs: before?.listAtMs ?? 0, askedAtMs: nowMs });
  const list = await within(PATIENCE_MS, read(db, nowMs), null);
  const now = kept.get(db);
  if (list === null) {
    log('debug', 'the cut-offs were not read', {});
    return now?.list ?? null;
  }
  // Answers may overtake each other: an older one never follows a newer one.
  if (asked === epoch && (now === undefined || now.list === null || now.listAtMs <= nowMs))
    kept.set(db, { list, listAtMs: nowMs, askedAtMs: Math.max(nowMs, now?.askedAtMs ?? 0) });
  return list;
}

const PROXY_ONLY = `SELECT id, version FROM connection WHERE token_access = 'proxy_only'`;
const DELETED = `SELECT g.id, g.version, g.deleted_at_ms FROM connection_grave g WHERE g.deleted_at_ms > ?1
  OR EXISTS (SELECT 1 FROM account_index a WHERE a.connection = g.id AND a.created_at_ms <= g.deleted_at_ms + ?2)`;

type Row = { id: string; version: number; deleted_at_ms?: number };

async function read(db: D1Database, nowMs: number): Promise<CutOffs> {
  const [closed, deleted] = await db.batch<Row>([
    db.prepare(PROXY_ONLY),
    db.prepare(DELETED).bind(nowMs - YOUNG_GRAVE_MS, MADE_MEANWHILE_MS),
  ]);
  return {
    proxyOnly: (closed?.results ?? []).map(({ id, version }) => ({ connection: id, version })),
    deleted: (deleted?.results ?? []).map((row) => ({
      connection: row.id,
      version: row.version,
      deletedAtMs: row.deleted_at_ms ?? 0,
    })),
  };
}

/** An account that has to end with its connection, or says that it need not. */
export interface Buried extends DeletedConnection {
  readonly accountId: string;
}

const BURIED = `SELECT a.id AS account_id, g.id, g.version, g.deleted_at_ms FROM connection_grave g
  JOIN account_index a ON a.connection = g.id AND a.created_at_ms <= g.deleted_at_ms + ?
  WHERE (? IS NULL OR g.id = ?) AND a.id > ? ORDER BY a.id LIMIT ?`;

/**
 * Accounts in the index that were made before their connection was deleted, by id.
 *
 * @param connection null: of any
 * @param after the last account of the page before; empty: from the beginning
 * @throws as D1 does
 */
export async function buriedAccounts(
  db: D1Database,
  connection: string | null,
  after: string,
  limit: number,
): Promise<Buried[]> {
  const { results } = await db
    .prepare(BURIED)
    .bind(MADE_MEANWHILE_MS, connection, connection, after, limit)
    .all<Row & { account_id: string }>();
  return results.map((row) => ({
    accountId: row.account_id,
    connection: row.id,
    version: row.version,
    deletedAtMs: row.deleted_at_ms ?? 0,
  }));
}
