/**
 * What must hold everywhere within a second and is not in an account's own copy yet: connections whose credentials no
 * longer leave, connections that are gone, and what the kill switch has ended. Read beside the agent's record, kept by the isolate for less than a
 * second, and passed to the account with each call.
 *
 * One question at a time: requests that come meanwhile wait for its answer, each with a timer of its own beside it
 * (`callers/record-cache.ts` says why). An answer is kept when it comes, also when no request waits for it any more.
 * Where the directory does not answer the last list is used: no token waits for it longer than 300 ms, and none is
 * refused because it is down. An isolate whose last list is no use, because it never had one or has slept over it,
 * waits for a slow directory as long as for its settings: "no answer yet" is not "no cut-offs".
 */

import { systemNow, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import { isSchemaMissing } from '../ask.ts';
import type { Selector } from './selector.ts';

/**
 * A list is used for as long as an agent's record: a caller that waits in the account asks anew after the rest of the
 * second.
 */
const CUT_OFFS_MAX_AGE_MS = 750;
/** From then on a new list is fetched beside the request, so that under load no request waits for one. */
const RENEW_AFTER_MS = 350;
/** What a request waits for a question, counted from when it was asked, where the last list can stand in. */
const PATIENCE_MS = 300;
/** The same where it cannot. A directory that is silent for so long counts as down. */
const FIRST_PATIENCE_MS = 2_000;
/**
 * A list that is older is no better than none; nor is a refusal of the directory that is older a sign that it is down.
 */
const STANDS_IN_MS = 60_000;
/** A question may end with its request: after this it is given up and asked again. */
const LOST_AFTER_MS = 2_000;
/** `version`: of the connection when it was closed; an account whose copy is newer knows better. */
export interface ClosedConnection {
  readonly connection: string;
  readonly version: number;
}

export interface DeletedConnection extends ClosedConnection {
  /** Accounts that were made until then are dead; also those whose copy of the connection is of that life. */
  readonly deletedAtMs: number;
}

/** Of the kill switch: what was obtained at or before `atMs` and is matched is dead. */
export interface Revoked {
  /** `rev_…` */
  readonly id: string;
  readonly selector: Selector;
  readonly atMs: number;
  /** The accounts have their grants ended at the provider as well. */
  readonly atProvider: boolean;
}

/** Crosses RPC with each request for a credential. Fields are only added. */
export interface CutOffs {
  readonly proxyOnly: readonly ClosedConnection[];
  readonly deleted: readonly DeletedConnection[];
  /** Left out: there is none. */
  readonly revoked?: readonly Revoked[];
}

interface Question {
  readonly askedAtMs: number;
  /** Settles when the answer is kept, or will not come. Never rejects. */
  readonly done: Promise<void>;
}

interface Kept {
  list: CutOffs | null;
  /** When it was asked for: its content is not older. */
  listAtMs: number;
  question: Question | null;
  /** When the question was asked that last got no answer. */
  vainAtMs: number;
}

/** By database: a test has several, an isolate one. */
const kept = new WeakMap<D1Database, Kept>();

/**
 * The next request asks the directory, and answers to earlier questions are not kept. For code that changes a
 * connection in this isolate. The list stays for a directory that is down: it may only close, and an account opens by
 * its settings.
 */
export function forgetCutOffs(db: D1Database): void {
  kept.set(db, { ...nothing(), list: kept.get(db)?.list ?? null });
}

function nothing(): Kept {
  return { list: null, listAtMs: -Infinity, question: null, vainAtMs: -Infinity };
}

/** Whether `atMs` was less than `ms` ago. A clock that has gone back makes everything old. */
function isWithin(ms: number, atMs: number, nowMs: number): boolean {
  return nowMs >= atMs && nowMs - atMs < ms;
}

/**
 * The present list; null where this isolate has never had one and the directory does not answer. Synchronous where one
 * is at hand. Never throws.
 *
 * @param waitUntil keeps the request's context until the answer of its question is there
 */
export function cutOffs(
  db: D1Database,
  waitUntil: (work: Promise<unknown>) => void,
): CutOffs | null | Promise<CutOffs | null> {
  const nowMs = systemNow();
  const state = kept.get(db) ?? nothing();
  kept.set(db, state);
  const { list, listAtMs } = state;
  if (state.question !== null && !isWithin(LOST_AFTER_MS, state.question.askedAtMs, nowMs)) {
    state.vainAtMs = Math.max(state.vainAtMs, state.question.askedAtMs);
    state.question = null;
  }
  if (list !== null && isWithin(CUT_OFFS_MAX_AGE_MS, listAtMs, nowMs)) {
    const isAging = !isWithin(RENEW_AFTER_MS, listAtMs, nowMs);
    if (isAging && state.question === null && !isWithin(RENEW_AFTER_MS, state.vainAtMs, nowMs))
      putQuestion(db, state, nowMs, waitUntil);
    return list;
  }
  // Asked a moment ago in vain: not every request asks a directory that does not answer.
  if (state.question === null && isWithin(RENEW_AFTER_MS, state.vainAtMs, nowMs)) return list;
  const isDown = isWithin(STANDS_IN_MS, state.vainAtMs, nowMs);
  const standsIn = isDown || (list !== null && isWithin(STANDS_IN_MS, listAtMs, nowMs));
  const question = state.question ?? putQuestion(db, state, nowMs, waitUntil);
  const leftMs = question.askedAtMs + (standsIn ? PATIENCE_MS : FIRST_PATIENCE_MS) - nowMs;
  return leftMs <= 0 ? list : within(leftMs, question.done, undefined).then(() => state.list);
}

/** How old the isolate's list is; that of a directory that does not answer counts as just good enough. */
export function cutOffsAgeMs(db: D1Database): number {
  const known = kept.get(db);
  if (known === undefined || known.list === null) return 0;
  return Math.min(Math.max(0, systemNow() - known.listAtMs), CUT_OFFS_MAX_AGE_MS);
}

/** Asks the directory, and keeps what it says whenever it says it. */
function putQuestion(
  db: D1Database,
  state: Kept,
  askedAtMs: number,
  waitUntil: (work: Promise<unknown>) => void,
): Question {
  const done = read(db).then(
    (list) => {
      // A question that was given up may be overtaken: an older list never follows a newer one.
      if (askedAtMs >= state.listAtMs) Object.assign(state, { list, listAtMs: askedAtMs });
      if (state.question === question) state.question = null;
    },
    (error: unknown) => {
      log('debug', 'the cut-offs were not read', { error });
      state.vainAtMs = Math.max(state.vainAtMs, askedAtMs);
      if (state.question === question) state.question = null;
    },
  );
  const question: Question = { askedAtMs, done };
  state.question = question;
  waitUntil(done);
  return question;
}

const PROXY_ONLY = `SELECT id, version FROM connection WHERE token_access = 'proxy_only'`;
const DELETED = 'SELECT id, version, deleted_at_ms FROM connection_grave WHERE ended_at_ms IS NULL';
/** Of a schema that does not know yet which graves are ended: all. */
const ALL_DELETED = 'SELECT id, version, deleted_at_ms FROM connection_grave';

/** Of equal ones the newest, which says all that the others say. An agent answers for itself. */
const REVOKED = `SELECT id, connection, organization, identifier, subject, at_provider, max(at_ms) AS at_ms FROM cut_off
  WHERE folded_at_ms IS NULL AND agent IS NULL GROUP BY selector, at_provider`;

type Row = { id: string; version: number; deleted_at_ms?: number };
type RevokedRow = {
  id: string;
  connection: string | null;
  organization: string | null;
  identifier: string | null;
  subject: string | null;
  at_provider: number;
  at_ms: number;
};

function revokedFrom({ connection, organization, identifier, subject, ...row }: RevokedRow): Revoked {
  const isSubject = subject !== null && connection !== null;
  return {
    id: row.id,
    selector: {
      agent: null,
      connection: isSubject ? null : connection,
      identifier,
      subject: isSubject ? { connection, subject } : null,
      organization,
    },
    atMs: row.at_ms,
    atProvider: row.at_provider === 1,
  };
}

async function read(db: D1Database): Promise<CutOffs> {
  const question = (...queries: string[]) => db.batch<Row>(queries.map((query) => db.prepare(query)));
  const [closed, deleted, revoked] = await question(PROXY_ONLY, DELETED, REVOKED).catch((error: unknown) => {
    if (isSchemaMissing(error)) return question(PROXY_ONLY, ALL_DELETED);
    throw error;
  });
  const cut = ((revoked?.results ?? []) as unknown as RevokedRow[]).map(revokedFrom);
  return {
    proxyOnly: (closed?.results ?? []).map(({ id, version }) => ({ connection: id, version })),
    deleted: (deleted?.results ?? []).map((row) => ({
      connection: row.id,
      version: row.version,
      deletedAtMs: row.deleted_at_ms ?? 0,
    })),
    ...(cut.length === 0 ? {} : { revoked: cut }),
  };
}
