/**
 * What proving a caller ends in, for every method alike: a proof, or why there is none. A route reads the plane and what
 * belongs to it, and never asks by which method a caller came. Knows no key.
 */

import type { AgentStatus } from '#agents/record.ts';
import type { Actor, ClientInfo } from '#audit/record.ts';
import type { Code } from '#contract/codes.ts';
import type { Policy, Rule } from '#contract/agents/policy.ts';
import type { RateLimitPolicy } from '#contract/problem.ts';
import type { Role } from '#contract/roles.ts';
import type { Config } from '#env.ts';
import type { Now } from '#lib/clock.ts';
import type { Result } from '#lib/result.ts';

/** By what a caller has proved itself, as records say it. `ADMIN_KEY` is an admin key there, without an id. */
export type ProofMethod =
  | 'agent_key'
  | 'broker_token'
  | 'workload_jwt'
  | 'client_certificate'
  | 'private_key_jwt'
  | 'admin_key'
  | 'access_jwt';

interface Proved {
  readonly method: ProofMethod;
  /** As records show it: the agent's id, the admin key's, or `admin` for `ADMIN_KEY`. */
  readonly id: string;
  /** Of the key that proved it; null where a method has none. */
  readonly keyId: string | null;
  /** When what proves it was asked for: a proof of that time, however long its answer was on its way. */
  readonly provedAtMs: number;
  /** When what proves it ends; null: it has no end. */
  readonly expiresAtMs: number | null;
  /** When what proves it was made, as far as it says so; null: it does not. */
  readonly issuedAtMs: number | null;
  /** Lists of rules that a token carries, each of which has to allow a request beside its agent's policy; empty: none. */
  readonly grantedRules: readonly (readonly Rule[])[];
  /** Through whom it was handed on, the newest first; empty: it was not. */
  readonly chain: readonly string[];
}

/** What is so of every proof that was neither narrowed nor handed on. */
export const UNDELEGATED = { grantedRules: [], chain: [] } as const;

/** An agent that has proved itself. */
export interface AgentProof extends Proved {
  readonly plane: 'agent';
  /** Which life of its id it is, and since when what was issued to it counts: what it was told before is not its own. */
  readonly life: string;
  /** Empty for none. */
  readonly organization: string;
  /** `suspended`: proved, and to be refused everywhere with `agent_suspended`. */
  readonly status: AgentStatus;
  readonly policy: Policy;
}

/** An operator that has proved itself. */
export interface OperatorProof extends Proved {
  readonly plane: 'operator';
  /** The organization that it is bound to; null: all of them. */
  readonly organization: string | null;
  readonly role: Role;
}

/** What every way in ends in. */
export type Proof = AgentProof | OperatorProof;

/** Older than this a proof opens nothing: what was ended a second ago is ended everywhere. */
const MAX_PROOF_MS = 1_000;

/** Whether a proof is young enough for an answer to rest on it. */
export function isFresh({ provedAtMs }: Proof, nowMs: number): boolean {
  return nowMs - provedAtMs <= MAX_PROOF_MS;
}

/** How records name a caller, also one whose secret was wrong: its type is its plane, whatever the method. */
export function actorOf({
  plane,
  id,
  method,
  keyId,
  chain = [],
}: Pick<Proof, 'plane' | 'id' | 'method' | 'keyId'> & Partial<Pick<Proof, 'chain'>>): Actor {
  return { type: plane, id, method, key_id: keyId, ...(chain.length === 0 ? {} : { chain }) };
}

/** Why a request has no caller; `detail` is the same for every way in which a key can be wrong. */
export interface AuthFailure {
  readonly code: Extract<
    Code,
    'unauthenticated' | 'forbidden' | 'rate_limited' | 'vault_locked' | 'record_corrupt' | 'unavailable'
  >;
  readonly detail: string;
  readonly retryAfterS?: number;
  /** Of `rate_limited`: which limit. */
  readonly policy?: RateLimitPolicy;
  /** Of `unauthenticated`: the header `WWW-Authenticate`, where it is another than `Bearer`. */
  readonly challenge?: string;
}

export type Outcome = Result<Proof, AuthFailure>;

/** All that proving takes from a request. */
export interface RequestPieces {
  readonly config: Config;
  readonly method: string;
  readonly headers: Headers;
  /** As it came, with the query. */
  readonly url: string;
  readonly correlationId: string;
  readonly toolCallId: string | null;
  readonly client: ClientInfo;
  /** What the edge says of the client's certificate (`request.cf.tlsClientAuth`); left out: nothing. */
  readonly tlsClientAuth?: unknown;
  /** Keeps the isolate until work that no answer waits for is done. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/**
 * One method of proof. Null at once where the request does not carry its form; else the method alone answers.
 * `token` is what stands behind `Authorization: Bearer` (or `DPoP`, of tokens that are bound to a key), null for nothing.
 */
export type Method = (
  request: RequestPieces,
  token: string | null,
  now: Now,
) => Outcome | Promise<Outcome> | null;

/** The one answer for every credential that proves nobody. */
export const WRONG_KEY: AuthFailure = { code: 'unauthenticated', detail: 'this is not a valid key' };
/** For a caller that proves a key which was made with an end: nobody else learns that there was one. */
export const ENDED_KEY: AuthFailure = { code: 'unauthenticated', detail: 'this key has ended: make another' };

/** The refusal where the record of a key could not be read. */
export function lookupFailure(code: string, detail: string, retryAfterS: number): AuthFailure {
  if (code === 'vault_locked' || code === 'record_corrupt') return { code, detail };
  return { code: 'unavailable', detail, retryAfterS };
}
