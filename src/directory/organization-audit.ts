/**
 * The tables `organization_audit` and `organization_audit_head`: what changed that belongs to no account and no agent,
 * one hash chain per organization. A change and its record are one transaction of D1; of writers that meet one is first
 * and the others go on from its record. It refuses a change whose record cannot be written. Old records are dropped from
 * the front, behind a checkpoint (`organization_audit_checkpoint`) from which the rest is walked.
 *
 * A chain that was emptied together with its head begins anew: nothing outside D1 knows how far it had come. A copy of
 * the head in an object would cost each change a call, and tell nothing against an attacker that deletes both; only a
 * signed head that leaves the deployment would.
 */

import {
  checkpointMac,
  headMac,
  isAuthenticCheckpoint,
  isAuthenticHead,
  nextLink,
  NO_RECORDS,
  walk,
  type ChainHead,
  type Link,
} from '#audit/chain.ts';
import { systemContext, type AuditFields, type RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { newId } from '#crypto/api-keys.ts';
import { isoTime, sleep, systemRandom } from '#lib/clock.ts';
import { Turns } from '#lib/turns.ts';
import { ask, type SqlRow } from './ask.ts';
import { controlKey, type VaultConfig } from './keys/data-key.ts';

/** Writers of several isolates that meet commit one per round, so this is also how many isolates may meet. */
const MAX_TRIES = 40;
/** Upper end of the pause before the next try: apart, they meet less often. */
const PAUSE_MS = 40;
const RETRY_AFTER_S = 1;
/** Rows that one page of a verification reads, or of what is dropped. */
const PAGE = 500;

/** One record to come. */
export interface OrganizationRecord {
  /** Whose chain; empty for none, which is also the deployment's own. */
  readonly organization: string;
  readonly fields: AuditFields;
  readonly context: RequestContext;
  readonly atMs: number;
}

/** The actor of a change that no caller asked for: the broker itself. */
export function bySystem(): RequestContext {
  return systemContext(newId('req'));
}

/**
 * Runs `change` and appends its record, both or none. Where `change` changes no row nothing is recorded and `after`
 * runs all the same.
 *
 * @param after further statements of the same transaction
 * @returns whether `change` changed a row
 * @throws ProblemError `vault_locked`, `record_corrupt` (the chain was changed outside the broker), `unavailable`
 */
export async function runRecorded(
  config: VaultConfig,
  record: OrganizationRecord,
  change: D1PreparedStatement,
  after: readonly D1PreparedStatement[] = [],
): Promise<boolean> {
  const key = await controlKey(config);
  return inTurn(config.directory, record.organization, () =>
    appendTo(config.directory, key.mac, record, change, after),
  );
}

/** By database and chain: writers of one isolate would only take each other's number. */
const lines = new WeakMap<D1Database, Map<string, Turns>>();

async function inTurn<T>(db: D1Database, organization: string, work: () => Promise<T>): Promise<T> {
  const ofChains = lines.get(db) ?? new Map<string, Turns>();
  lines.set(db, ofChains);
  const line = ofChains.get(organization) ?? new Turns();
  ofChains.set(organization, line);
  try {
    return await line.take(work);
  } finally {
    if (line.isIdle && ofChains.get(organization) === line) ofChains.delete(organization);
  }
}

/** @throws ProblemError as `runRecorded` */
async function appendTo(
  db: D1Database,
  mac: Uint8Array,
  record: OrganizationRecord,
  change: D1PreparedStatement,
  after: readonly D1PreparedStatement[],
): Promise<boolean> {
  let seen: ChainHead | null = null;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await sleep(systemRandom() * PAUSE_MS);
    const head = await headOf(db, mac, record.organization);
    // The head has not moved, and yet its next number is taken.
    if (head.seq === seen?.seq) throw brokenChain();
    seen = head;
    const statements = [change, ...appended(db, mac, head, record), ...after];
    const results = await orTaken(() => db.batch(statements));
    if (results === 'taken') continue;
    const changed = (results[0]?.meta.changes ?? 0) > 0;
    if (changed && results[1]?.meta.changes !== 1) throw new Error('internal: a change has no record');
    return changed;
  }
  throw new ProblemError('unavailable', { detail: 'too many changes at once', retryAfterS: RETRY_AFTER_S });
}

/**
 * Records that a caller has read one chain. `source`: whose. @throws ProblemError as `runRecorded`: then nothing is
 * shown
 */
export async function recordAuditRead(
  config: VaultConfig,
  read: Omit<OrganizationRecord, 'fields'> & { readonly account: string | null; readonly source: string },
): Promise<void> {
  const { organization, context, atMs, account, source } = read;
  const evidence = account === null ? [source] : null;
  const fields = { action: 'audit.read', outcome: 'ok', connected_account_id: account, evidence } as const;
  // Nothing changes but the chain itself, and a record stands beside a change: this one leaves all as it is.
  const nothing = config.directory.prepare("UPDATE meta SET value = value WHERE key = 'schema_version'");
  await runRecorded(config, { organization, fields, context, atMs }, nothing);
}

/** `changes()` is what the statement before has changed: no change, no record, and no step of the head. */
function appended(
  db: D1Database,
  macKey: Uint8Array,
  head: ChainHead,
  { organization, fields, context, atMs }: OrganizationRecord,
): D1PreparedStatement[] {
  const shown = { ...fields, organization: organization === '' ? null : organization };
  const link = nextLink(head, shown, context, isoTime(atMs), macKey);
  return [
    db
      .prepare(
        `INSERT INTO organization_audit (organization, seq, at_ms, action, body, hash)
         SELECT ?, ?, ?, ?, ?, ? WHERE changes() > 0`,
      )
      .bind(organization, link.seq, atMs, fields.action, link.body, link.hash),
    db
      .prepare(
        `INSERT INTO organization_audit_head (organization, seq, hash, mac) SELECT ?, ?, ?, ? WHERE changes() > 0
         ON CONFLICT (organization) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, mac = excluded.mac`,
      )
      .bind(organization, link.seq, link.hash, headMac(macKey, organization, link)),
  ];
}

async function headOf(db: D1Database, macKey: Uint8Array, organization: string): Promise<ChainHead> {
  const row = await storedHead(db, organization);
  if (row === null) return NO_RECORDS;
  const head = { seq: Number(row['seq']), hash: String(row['hash']) };
  if (!isAuthenticHead(macKey, organization, head, String(row['mac']))) throw brokenChain();
  return head;
}

function storedHead(db: D1Database, organization: string): Promise<SqlRow | null> {
  const query = 'SELECT seq, hash, mac FROM organization_audit_head WHERE organization = ?';
  return ask(() => db.prepare(query).bind(organization).first<SqlRow>());
}

function brokenChain(): ProblemError {
  return new ProblemError('record_corrupt', {
    detail:
      'the audit chain of this organization was changed outside the broker; nothing more is written to it',
  });
}

/** `taken`: another writer has that number, and the whole transaction was rolled back. */
async function orTaken<T>(work: () => Promise<T>): Promise<T | 'taken'> {
  try {
    return await ask(work);
  } catch (error) {
    const isTaken =
      error instanceof Error && /UNIQUE constraint failed: organization_audit\./.test(error.message);
    if (isTaken) return 'taken';
    throw error;
  }
}

/** What walking a chain found. */
export interface ChainVerification {
  readonly intact: boolean;
  /** Records that hold, those that were dropped among them. */
  readonly events: number;
  readonly head: ChainHead;
  /** The first number at which the chain does not hold. */
  readonly brokenAt: number | null;
}

/**
 * Walks the chain of an organization from its first record, or from its checkpoint, to its authenticated head.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt` (the key is missing)
 */
export async function verifyOrganizationAudit(
  config: VaultConfig,
  organization: string,
): Promise<ChainVerification> {
  const { directory: db } = config;
  const key = await controlKey(config);
  let head = await checkpointOf(db, key.mac, organization);
  if (head === null) return { intact: false, events: 0, head: NO_RECORDS, brokenAt: 1 };
  for (;;) {
    const rows = await page(db, organization, head.seq);
    const walked = walk(head, rows);
    head = walked.head;
    if (walked.brokenAt !== null) return { intact: false, events: head.seq, head, brokenAt: walked.brokenAt };
    if (rows.length === PAGE) continue;
    // Asked after the rows: both are written at once, so it is never behind them. If it is ahead, others have written.
    const stored = await storedHead(db, organization);
    const told = stored === null ? NO_RECORDS : { seq: Number(stored['seq']), hash: String(stored['hash']) };
    if (told.seq > head.seq && rows.length > 0) continue;
    const isTrusted = stored === null || isAuthenticHead(key.mac, organization, told, String(stored['mac']));
    const intact = isTrusted && told.seq === head.seq && told.hash === head.hash;
    const brokenAt = intact ? null : Math.min(told.seq, head.seq) + 1;
    return { intact, events: head.seq, head, brokenAt };
  }
}

async function page(db: D1Database, organization: string, afterSeq: number): Promise<Link[]> {
  const query = `SELECT seq, body, hash FROM organization_audit WHERE organization = ? AND seq > ?
    ORDER BY seq LIMIT ?`;
  const rows = await ask(() =>
    db.prepare(query).bind(organization, afterSeq, PAGE).all<{ seq: number; body: string; hash: string }>(),
  );
  return rows.results;
}

/** Where the walk begins; null: the checkpoint was changed outside the broker. */
async function checkpointOf(
  db: D1Database,
  macKey: Uint8Array,
  organization: string,
): Promise<ChainHead | null> {
  const query = 'SELECT seq, hash, mac FROM organization_audit_checkpoint WHERE organization = ?';
  const row = await ask(() => db.prepare(query).bind(organization).first<SqlRow>());
  if (row === null) return NO_RECORDS;
  const checkpoint = { seq: Number(row['seq']), hash: String(row['hash']) };
  return isAuthenticCheckpoint(macKey, organization, checkpoint, String(row['mac'])) ? checkpoint : null;
}

/** Of each chain so many of the newest stay, however old. */
export const RECORDS_KEPT = 1_000;
/** Chains that one question finds. */
const CHAINS_AT_ONCE = 20;
/** Pages that one run drops, of all chains together: four runs an hour clear nearly a million records a day. */
const MAX_PAGES = 20;

/** Chains whose oldest record is old, behind the chain `?3`: one that may not be shortened hides none of the others. */
const OLD_CHAINS = `SELECT h.organization FROM organization_audit_head h
  LEFT JOIN organization_audit_checkpoint c ON c.organization = h.organization
  JOIN organization_audit a ON a.organization = h.organization AND a.seq = coalesce(c.seq, 0) + 1
  WHERE (?3 IS NULL OR h.organization > ?3) AND a.at_ms < ?1 AND a.seq <= h.seq - ?2
  ORDER BY h.organization LIMIT ${CHAINS_AT_ONCE}`;

/**
 * Drops records made before `beforeMs` from the front of each chain, a page at a time, and notes where the rest begins.
 * Nothing is dropped of a chain that does not hold: what was changed outside the broker stays to be seen.
 *
 * @returns how many went
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt` (the key is missing)
 */
export async function dropOldRecords(config: VaultConfig, beforeMs: number): Promise<number> {
  const { directory: db } = config;
  let [dropped, pages, after]: [number, number, string | null] = [0, 0, null];
  while (pages < MAX_PAGES) {
    const question = db.prepare(OLD_CHAINS).bind(beforeMs, RECORDS_KEPT, after);
    const chains = (await ask(() => question.all<{ organization: string }>())).results;
    if (chains.length === 0) break;
    const { mac } = await controlKey(config);
    for (const { organization } of chains) {
      after = organization;
      for (let gone = PAGE; gone === PAGE && pages < MAX_PAGES; pages += 1) {
        gone = await dropPage(db, mac, organization, beforeMs);
        dropped += gone;
      }
    }
  }
  return dropped;
}

/** By the record's own word, which its hash covers: the column beside it finds chains, and could be set from outside. */
function isBefore({ body }: Link, beforeMs: number): boolean {
  // As `nextLink` has written it: times of that form compare as texts.
  const at = /^\{"seq":\d+,"at":"(\d{4}-\d\d-\d\dT[\d:.]+Z)"/.exec(body)?.[1];
  return at !== undefined && at < isoTime(beforeMs);
}

/** The oldest page of one chain, as far as it is old and holds. */
async function dropPage(
  db: D1Database,
  macKey: Uint8Array,
  organization: string,
  beforeMs: number,
): Promise<number> {
  const from = await checkpointOf(db, macKey, organization);
  const stored = await storedHead(db, organization);
  if (from === null || stored === null) return 0;
  const head = { seq: Number(stored['seq']), hash: String(stored['hash']) };
  if (!isAuthenticHead(macKey, organization, head, String(stored['mac']))) return 0;
  const rows = await page(db, organization, from.seq);
  const end = rows.findIndex((row) => row.seq > head.seq - RECORDS_KEPT || !isBefore(row, beforeMs));
  const old = end < 0 ? rows : rows.slice(0, end);
  const walked = walk(from, old);
  if (old.length === 0 || walked.brokenAt !== null) return 0;
  const { seq, hash } = walked.head;
  const keep = db
    .prepare(
      `INSERT INTO organization_audit_checkpoint (organization, seq, hash, mac) VALUES (?, ?, ?, ?)
       ON CONFLICT (organization) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, mac = excluded.mac
       WHERE excluded.seq > organization_audit_checkpoint.seq`,
    )
    .bind(organization, seq, hash, checkpointMac(macKey, organization, { seq, hash }));
  const drop = db
    .prepare('DELETE FROM organization_audit WHERE organization = ? AND seq <= ? AND changes() > 0')
    .bind(organization, seq);
  const [, gone] = await ask(() => db.batch([keep, drop]));
  return gone?.meta.changes ?? 0;
}
