/** Rows of SQLite and rows of the room, both ways. What was read has been authenticated before it comes here. */

import { NO_PROOFS, StoredProofs, type AgentProofs } from '#contract/callers/agent-proofs.ts';
import { Policy } from '#contract/agents/policy.ts';
import { NewerSchemaError } from '#lib/object-schema.ts';
import { int, intOrNull, text, textOrNull, type SqlRow } from '#objects/sql-row.ts';
import {
  NO_ENDED_TOKENS,
  type AgentRow,
  type AgentStatus,
  type EndedTokens,
  type KeyRow,
  type RateRow,
  type TombstoneRow,
} from './record.ts';

export function agentToSql(row: AgentRow): SqlRow {
  return {
    agent_id: row.agentId,
    organization: row.organization,
    name: row.name,
    status: row.status,
    policy: JSON.stringify(row.policy),
    proofs: hasProofs(row.proofs) ? JSON.stringify(row.proofs) : null,
    proof_fail_at_ms: row.proofFailAtMs,
    ended_tokens: hasEnded(row.tokens) ? JSON.stringify(row.tokens) : null,
    key_ids: JSON.stringify(row.keyIds),
    incarnation: row.incarnation,
    data_key: row.dataKey,
    created_at_ms: row.createdAtMs,
    updated_at_ms: row.updatedAtMs,
  };
}

/** A rule that says more than is known here may restrict more: it is not guessed at. @throws NewerSchemaError */
function policyFrom(stored: string): Policy {
  const policy = Policy.safeParse(JSON.parse(stored));
  if (!policy.success) throw new NewerSchemaError('internal: a policy of a newer version');
  return policy.data;
}

/** An agent without any is stored as versions before them stored it. */
const hasProofs = (proofs: AgentProofs): boolean => Object.values(proofs).some((proof) => proof !== null);

/** A trust that says more than is known here may restrict more: it is not guessed at. @throws NewerSchemaError */
function proofsFrom(stored: string | null): AgentProofs {
  if (stored === null) return NO_PROOFS;
  const proofs = StoredProofs.safeParse(JSON.parse(stored));
  if (!proofs.success) throw new NewerSchemaError('internal: proofs of a newer version');
  return proofs.data;
}

/** An agent of which no token has ended is stored as versions before tokens stored it. */
const hasEnded = ({ endedBeforeMs, ended }: EndedTokens): boolean =>
  endedBeforeMs !== null || ended.length > 0;

function tokensFrom(stored: string | null): EndedTokens {
  return stored === null ? NO_ENDED_TOKENS : (JSON.parse(stored) as EndedTokens);
}

export function agentFromSql(row: SqlRow): AgentRow {
  return {
    agentId: text(row['agent_id']),
    organization: text(row['organization']),
    name: textOrNull(row['name']),
    status: text(row['status']) as AgentStatus,
    policy: policyFrom(text(row['policy'])),
    proofs: proofsFrom(textOrNull(row['proofs'])),
    proofFailAtMs: intOrNull(row['proof_fail_at_ms']),
    tokens: tokensFrom(textOrNull(row['ended_tokens'])),
    keyIds: JSON.parse(text(row['key_ids'])),
    incarnation: int(row['incarnation']),
    dataKey: text(row['data_key']),
    createdAtMs: int(row['created_at_ms']),
    updatedAtMs: int(row['updated_at_ms']),
  };
}

export function keyToSql(row: KeyRow): SqlRow {
  return {
    id: row.id,
    digest: row.digest,
    created_at_ms: row.createdAtMs,
    last_used_at_ms: row.lastUsedAtMs,
    auth_fail_at_ms: row.authFailAtMs,
    expires_at_ms: row.expiresAtMs,
  };
}

export function keyFromSql(row: SqlRow): KeyRow {
  return {
    id: text(row['id']),
    digest: text(row['digest']),
    createdAtMs: int(row['created_at_ms']),
    lastUsedAtMs: intOrNull(row['last_used_at_ms']),
    authFailAtMs: intOrNull(row['auth_fail_at_ms']),
    expiresAtMs: intOrNull(row['expires_at_ms']),
  };
}

/** Times as the distances between them: ten thousand of them are one row a second. */
export function rateToSql({ id, times, notedAtMs }: RateRow): SqlRow {
  const steps = times.map((atMs, index) => atMs - (times[index - 1] ?? 0));
  return { id, times: JSON.stringify(steps), noted_at_ms: notedAtMs };
}

export function rateFromSql(row: SqlRow): RateRow {
  let atMs = 0;
  const steps = JSON.parse(text(row['times'])) as number[];
  const times = steps.map((step) => (atMs += step));
  return { id: text(row['id']), times, notedAtMs: int(row['noted_at_ms']) };
}

export function tombstoneToSql(row: TombstoneRow): SqlRow {
  return {
    agent_id: row.agentId,
    organization: row.organization,
    incarnation: row.incarnation,
    data_key: row.dataKey,
    deleted_at_ms: row.deletedAtMs,
  };
}

export function tombstoneFromSql(row: SqlRow): TombstoneRow {
  return {
    agentId: text(row['agent_id']),
    organization: text(row['organization']),
    incarnation: int(row['incarnation']),
    dataKey: text(row['data_key']),
    deletedAtMs: int(row['deleted_at_ms']),
  };
}
