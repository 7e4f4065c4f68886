/** What the methods of an agent answer over RPC: expected outcomes are tagged values, a throw is a bug. */

/**
 * - `not_found`: no living agent of this name, or no such key.
 * - `conflict`: a limit of the agent, or another call changed it meanwhile.
 * - `vault_locked`, `record_corrupt`: as in `crypto/envelope.ts`; no row was changed.
 * - `newer_schema`: the rows were written by a newer version; no row was changed.
 */
export type FailureCode =
  'not_found' | 'already_exists' | 'conflict' | 'vault_locked' | 'record_corrupt' | 'newer_schema';

export interface Failure {
  readonly ok: false;
  readonly code: FailureCode;
  /** For the operator; no part of a secret. */
  readonly detail: string;
}

/** Fields are added to `T`, never changed: an older caller may read the answer. */
export type Outcome<T extends object = object> = ({ readonly ok: true } & T) | Failure;

export function failed(code: FailureCode, detail: string): Failure {
  return { ok: false, code, detail };
}

export const NO_AGENT: Failure = failed('not_found', 'there is no such agent');
