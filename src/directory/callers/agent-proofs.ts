/**
 * D1's rows of what proves agents beside their keys (table `agent_proof`): they lead from a proof to its agent, and keep
 * two agents from being proved by the same one. The agent's object is the authority: what a row says is asked of it
 * again, so a row that was changed outside the broker opens nothing.
 */

import { trustsOf, type AgentProofs } from '#contract/callers/agent-proofs.ts';
import { matchesSubject, patternsOverlap, prefixesOf, prefixOf } from '#contract/callers/subject-pattern.ts';
import { log } from '#lib/log.ts';
import { ask, isSchemaMissing } from '../ask.ts';

export type ProofKind = 'oidc' | 'certificate';

/** One proof of an agent, as the table has it. */
export interface ProofRow {
  readonly kind: ProofKind;
  readonly issuer: string;
  readonly audience: string;
  readonly prefix: string;
  readonly subject: string;
}

/** The row of another agent that lets in the same. */
export interface Holder {
  readonly number: number;
  readonly agentId: string;
  readonly row: ProofRow;
  readonly claimedAtMs: number;
}

/** A claim is younger than its agent's own rows: until then nothing takes it away. */
export const CLAIM_LIFE_MS = 60_000;
const TRIES = 5;

/** The rows of an agent's proofs, each once. */
export function rowsOf(proofs: Pick<AgentProofs, 'oidc' | 'certificate_thumbprint'>): ProofRow[] {
  const { oidc, certificate_thumbprint: thumbprint } = proofs;
  const rows: ProofRow[] = trustsOf(oidc).map(({ issuer, audience, subject }) => ({
    kind: 'oidc',
    issuer,
    audience,
    prefix: prefixOf(subject),
    subject,
  }));
  if (thumbprint !== null)
    rows.push({ kind: 'certificate', issuer: '', audience: '', prefix: thumbprint, subject: thumbprint });
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()];
}

const keyOf = ({ kind, issuer, audience, subject }: ProofRow): string =>
  JSON.stringify([kind, issuer, audience, subject]);

type Found = {
  number: number;
  agent_id: string;
  kind: ProofKind;
  issuer: string;
  audience: string;
  prefix: string;
  subject: string;
  claimed_at_ms: number;
};

const COLUMNS = 'number, agent_id, kind, issuer, audience, prefix, subject, claimed_at_ms';
const OF_SAME = 'kind = ?1 AND issuer = ?2 AND audience = ?3';
/** Behind every text that begins like another. */
const LAST_SIGN = '\u{10ffff}';

const rowOf = ({ kind, issuer, audience, prefix, subject }: Found): ProofRow => ({
  kind,
  issuer,
  audience,
  prefix,
  subject,
});

/** Rows that may let in what this one does: whose beginning is a beginning of its own, or the other way round. */
function nearTo(db: D1Database, { kind, issuer, audience, prefix, subject }: ProofRow): D1PreparedStatement {
  const literal = subject.split('*')[0] ?? '';
  return db
    .prepare(
      `SELECT ${COLUMNS} FROM agent_proof WHERE ${OF_SAME} AND prefix IN (SELECT value FROM json_each(?4))
         UNION SELECT ${COLUMNS} FROM agent_proof WHERE ${OF_SAME} AND prefix >= ?5 AND prefix < ?6`,
    )
    .bind(kind, issuer, audience, JSON.stringify(prefixesOf(literal)), prefix, `${prefix}${LAST_SIGN}`);
}

const HIGHEST = 'SELECT coalesce(max(number), 0) AS number FROM agent_proof';

/**
 * Takes these proofs for the agent: all of them or, where another agent's let in the same, none. Proofs that it holds
 * already stay. Of two agents that ask for the same proof at once one gets it. @throws ProblemError `unavailable`
 *
 * @returns the rows that were added, for `releaseProofs` where what they were for comes to nothing
 */
export async function claimProofs(
  db: D1Database,
  agentId: string,
  wanted: readonly ProofRow[],
  nowMs: number,
): Promise<
  { readonly ok: true; readonly added: readonly ProofRow[] } | { readonly ok: false; readonly holder: Holder }
> {
  for (let tries = 1; ; tries += 1) {
    const [highest, ...near] = await ask(() =>
      db.batch<Found>([db.prepare(HIGHEST), ...wanted.map((row) => nearTo(db, row))]),
    );
    const found = near.map(({ results }) => results);
    const holder = wanted
      .flatMap((row, index) => (found[index] ?? []).filter((other) => overlaps(row, other, agentId)))
      .at(0);
    if (holder !== undefined) return { ok: false, holder: holderOf(holder) };
    const held = new Set(
      found.flat().flatMap((row) => (row.agent_id === agentId ? [keyOf(rowOf(row))] : [])),
    );
    const added = wanted.filter((row) => !held.has(keyOf(row)));
    const seen = highest?.results[0]?.number ?? 0;
    if (added.length === 0 || (await inserted(db, agentId, added, seen, nowMs))) return { ok: true, added };
    if (tries === TRIES) throw new Error('internal: agents’ proofs are claimed faster than they can be read');
  }
}

function overlaps(row: ProofRow, other: Found, agentId: string): boolean {
  return other.agent_id !== agentId && patternsOverlap(row.subject, other.subject);
}

function holderOf(found: Found): Holder {
  return {
    number: found.number,
    agentId: found.agent_id,
    row: rowOf(found),
    claimedAtMs: found.claimed_at_ms,
  };
}

/** Adds the rows, unless another was added since the highest number was read. */
async function inserted(
  db: D1Database,
  agentId: string,
  rows: readonly ProofRow[],
  seen: number,
  nowMs: number,
): Promise<boolean> {
  const { meta } = await ask(() =>
    db
      .prepare(
        `INSERT INTO agent_proof (agent_id, kind, issuer, audience, prefix, subject, claimed_at_ms)
           SELECT ?1, value ->> 'kind', value ->> 'issuer', value ->> 'audience', value ->> 'prefix',
             value ->> 'subject', ?2
           FROM json_each(?3) WHERE (${HIGHEST}) = ?4`,
      )
      .bind(agentId, nowMs, JSON.stringify(rows), seen)
      .run(),
  );
  return meta.changes > 0;
}

const NAMED = `EXISTS (SELECT 1 FROM json_each(?2) WHERE value ->> 'kind' = kind AND value ->> 'issuer' = issuer
  AND value ->> 'audience' = audience AND value ->> 'subject' = subject)`;

/** Gives up rows that were added for a change that came to nothing. @throws ProblemError `unavailable` */
export async function releaseProofs(
  db: D1Database,
  agentId: string,
  rows: readonly ProofRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const query = `DELETE FROM agent_proof WHERE agent_id = ?1 AND ${NAMED}`;
  await ask(() => db.prepare(query).bind(agentId, JSON.stringify(rows)).run());
}

/** Gives up a row whose agent does not have that proof. @throws ProblemError `unavailable` */
export async function dropHolder(db: D1Database, { number, agentId }: Holder): Promise<void> {
  const query = 'DELETE FROM agent_proof WHERE number = ? AND agent_id = ?';
  await ask(() => db.prepare(query).bind(number, agentId).run());
}

/** Of these kinds the agent has these rows and no others. @throws ProblemError `unavailable` */
export async function settleProofs(
  db: D1Database,
  agentId: string,
  kinds: readonly ProofKind[],
  rows: readonly ProofRow[],
  claimedBeforeMs = Infinity,
): Promise<void> {
  const query = `DELETE FROM agent_proof WHERE agent_id = ?1 AND NOT ${NAMED}
    AND kind IN (SELECT value FROM json_each(?3)) AND claimed_at_ms < ?4`;
  const before = Math.min(claimedBeforeMs, Number.MAX_SAFE_INTEGER);
  await ask(() => db.prepare(query).bind(agentId, JSON.stringify(rows), JSON.stringify(kinds), before).run());
}

/**
 * The rows as the agent's object has them, for its own report: also those that a restored directory has lost, and none
 * that a change left behind which never came. Null: the agent is gone. @throws ProblemError `unavailable`
 */
export async function reportProofs(
  db: D1Database,
  agentId: string,
  proofs: AgentProofs | null,
  nowMs: number,
): Promise<void> {
  const rows = proofs === null ? [] : rowsOf(proofs);
  // A directory that was not migrated yet has nothing to say of an agent that has none.
  if (rows.length === 0 && !(await hasRows(db, agentId))) return;
  await settleProofs(db, agentId, ['oidc', 'certificate'], rows, nowMs - CLAIM_LIFE_MS);
  if (rows.length === 0) return;
  const claimed = await claimProofs(db, agentId, rows, nowMs);
  if (claimed.ok) return;
  const { agentId: other } = claimed.holder;
  log('error', 'two agents have proofs that let in the same', { agent: agentId, other });
}

function hasRows(db: D1Database, agentId: string): Promise<boolean> {
  return ask(async () => {
    try {
      const query = 'SELECT 1 FROM agent_proof WHERE agent_id = ? LIMIT 1';
      return (await db.prepare(query).bind(agentId).first()) !== null;
    } catch (error) {
      if (isSchemaMissing(error)) return false;
      throw error;
    }
  });
}

/** Whose proof a token is: `issuerIsKnown` where any agent trusts its issuer. */
export interface TrustLookup {
  readonly agentIds: readonly string[];
  readonly issuerIsKnown: boolean;
}

/** @throws ProblemError `unavailable` */
export async function agentsTrusting(
  db: D1Database,
  token: { readonly issuer: string; readonly audience: string; readonly subject: string },
): Promise<TrustLookup> {
  const { issuer, audience, subject } = token;
  const query = `SELECT agent_id, subject FROM agent_proof
      WHERE kind = 'oidc' AND issuer = ?1 AND audience = ?2 AND prefix IN (SELECT value FROM json_each(?3))
    UNION ALL SELECT '', '' WHERE EXISTS (SELECT 1 FROM agent_proof WHERE kind = 'oidc' AND issuer = ?1)`;
  const { results } = await ask(() =>
    db
      .prepare(query)
      .bind(issuer, audience, JSON.stringify(prefixesOf(subject)))
      .all<{ agent_id: string; subject: string }>(),
  );
  const trusting = results.filter((row) => row.agent_id !== '' && matchesSubject(row.subject, subject));
  return { agentIds: trusting.map((row) => row.agent_id), issuerIsKnown: results.length > 0 };
}

/** The agent with this client certificate, or null. @throws ProblemError `unavailable` */
export async function agentWithCertificate(db: D1Database, thumbprint: string): Promise<string | null> {
  const query = `SELECT agent_id FROM agent_proof WHERE kind = 'certificate' AND issuer = '' AND audience = ''
    AND prefix = ?1 AND subject = ?1`;
  return ask(() => db.prepare(query).bind(thumbprint).first<string>('agent_id'));
}
