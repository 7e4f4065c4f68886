/** The rows of one agent as the room speaks of them, and the changes that are decided on them. Pure: no SQL, no clock. */

import { trustsOf, type AgentProofs, type OidcTrust } from '#contract/callers/agent-proofs.ts';
import type { Policy } from '#contract/agents/policy.ts';

/** `suspended`: known and refused everywhere until it is resumed. */
export type AgentStatus = 'active' | 'suspended';

/** Tokens of an agent that are refused although their time is not over. */
export interface EndedTokens {
  /** Every one that was issued until then, in milliseconds; null: none. */
  readonly endedBeforeMs: number | null;
  /** By their `jti`, until they would have ended by themselves. */
  readonly ended: readonly { readonly id: string; readonly expiresAtMs: number }[];
  /** The last revocation that has ended everything issued to the agent; left out: none has. */
  readonly revocation?: string;
}

export const NO_ENDED_TOKENS: EndedTokens = { endedBeforeMs: null, ended: [] };

export interface AgentRow {
  readonly agentId: string;
  /** Empty for none. Never changes within a life. */
  readonly organization: string;
  readonly name: string | null;
  readonly status: AgentStatus;
  /** The full form. */
  readonly policy: Policy;
  /** By what it proves itself beside its keys. */
  readonly proofs: AgentProofs;
  /** When a proof of another method than a key was last recorded as wrong; null: never. */
  readonly proofFailAtMs: number | null;
  /** Which of its tokens have ended before their time. */
  readonly tokens: EndedTokens;
  /** Ids of the living keys, oldest first: a deleted key's row that is put back is not among them. */
  readonly keyIds: readonly string[];
  /** Rises by one with each life of the same id; part of the data key's place. */
  readonly incarnation: number;
  /** Wrapped data key, see `crypto/envelope.ts`. Rows are authenticated under it. */
  readonly dataKey: string;
  readonly createdAtMs: number;
  /** Never falls, also where the clock does: the index takes no older row over a newer one. */
  readonly updatedAtMs: number;
}

export interface KeyRow {
  readonly id: string;
  /** SHA-256 under a purpose; the key itself is stored nowhere. */
  readonly digest: string;
  readonly createdAtMs: number;
  /** Up to an hour behind. */
  readonly lastUsedAtMs: number | null;
  /** When a wrong secret under this id was last recorded. */
  readonly authFailAtMs: number | null;
  /** From then on it proves no agent; null: it has no end. */
  readonly expiresAtMs: number | null;
}

/** How often a rule with a `rate` was used. */
export interface RateRow {
  readonly id: string;
  /** Epoch ms, oldest first. */
  readonly times: readonly number[];
  readonly notedAtMs: number;
}

/** What stays of a deleted agent beside its audit ring. It is kept in the next life: its number must be that one's. */
export interface TombstoneRow {
  readonly agentId: string;
  /** Of the life that ended. */
  readonly organization: string;
  /** Of the next life. */
  readonly incarnation: number;
  /** Wrapped data key under which the dead agent's rows are authenticated: that of its life is erased. */
  readonly dataKey: string;
  readonly deletedAtMs: number;
}

/** Everything of a living agent. `keys` are in the order of `agent.keyIds`. */
export interface AgentState {
  readonly agent: AgentRow;
  readonly keys: readonly KeyRow[];
}

/** What operators see of an agent. */
export interface AgentView {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
  readonly name: string | null;
  readonly status: AgentStatus;
  readonly policy: Policy;
  /** Left out by an older version: it has none. */
  readonly proofs?: AgentProofs;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** What authenticating a request of this agent needs, and nothing else. */
export interface AuthRecord {
  readonly id: string;
  /** Empty for none. */
  readonly organization: string;
  readonly status: AgentStatus;
  readonly policy: Policy;
  /** `expiresAtMs` null or left out: no end. */
  readonly keys: readonly {
    readonly id: string;
    readonly digest: string;
    readonly expiresAtMs?: number | null;
    readonly createdAtMs?: number;
  }[];
  /** Workloads that are trusted for it; left out: none. */
  readonly trusts?: readonly OidcTrust[];
  /** Of its client certificate, in hexadecimal; null or left out: it has none. */
  readonly thumbprint?: string | null;
  /** Which life of the id it is. Left out by an older version, which took no tokens. */
  readonly incarnation?: number;
  /** Tokens that have ended; left out: none has. */
  readonly endedTokens?: EndedTokens;
}

export function viewOf(agent: AgentRow): AgentView {
  return {
    id: agent.agentId,
    organization: agent.organization,
    name: agent.name,
    status: agent.status,
    policy: agent.policy,
    proofs: agent.proofs,
    createdAtMs: agent.createdAtMs,
    updatedAtMs: agent.updatedAtMs,
  };
}

export function authRecordOf({ agent, keys }: AgentState): AuthRecord {
  const { oidc, certificate_thumbprint: thumbprint } = agent.proofs;
  const trusts = trustsOf(oidc);
  return {
    id: agent.agentId,
    organization: agent.organization,
    status: agent.status,
    policy: agent.policy,
    keys: keys.map(({ id, digest, expiresAtMs, createdAtMs }) => ({ id, digest, expiresAtMs, createdAtMs })),
    ...(trusts.length === 0 ? {} : { trusts }),
    ...(thumbprint === null ? {} : { thumbprint }),
    incarnation: agent.incarnation,
    ...(agent.tokens === NO_ENDED_TOKENS ? {} : { endedTokens: agent.tokens }),
  };
}

/** The row with a change in it, marked as changed now. */
export function touched(agent: AgentRow, change: Partial<AgentRow>, nowMs: number): AgentRow {
  return { ...agent, ...change, updatedAtMs: Math.max(nowMs, agent.updatedAtMs) };
}

/** Fields left out stay as they are. */
export interface AgentChanges {
  readonly name?: string | null;
  readonly policy?: Policy;
  /** Those that are named; null takes one away. */
  readonly proofs?: Partial<AgentProofs>;
}

export interface AgentChange {
  readonly after: AgentRow;
  /** One per kind of thing that really differs. */
  readonly actions: readonly ('agent.update' | 'policy.update')[];
  /** Of `agent.update`: which fields, by their names. */
  readonly fields: readonly string[];
}

/** The agent after an update; null where nothing differs. */
export function changed(agent: AgentRow, changes: AgentChanges, nowMs: number): AgentChange | null {
  const { name = agent.name, policy = agent.policy } = changes;
  const proofs = { ...agent.proofs, ...changes.proofs };
  const fields = [...(name === agent.name ? [] : ['name']), ...differing(agent.proofs, proofs)];
  const allowedOtherwise = !isSame(policy, agent.policy);
  if (fields.length === 0 && !allowedOtherwise) return null;
  return {
    after: touched(agent, { name, policy, proofs }, nowMs),
    actions: [
      ...(fields.length === 0 ? [] : (['agent.update'] as const)),
      ...(allowedOtherwise ? (['policy.update'] as const) : []),
    ],
    fields,
  };
}

/** The names of the proofs in which two sets of them differ. */
export function differing(before: AgentProofs, after: AgentProofs): string[] {
  const names = Object.keys(after) as (keyof AgentProofs)[];
  return names.filter((name) => !isSame(before[name], after[name]));
}

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
