/**
 * A grant that waits: for its confirmation, or, where an operator brought it, for the provider's word. What a promotion
 * turns into a grant.
 */

import type { RequestContext } from '#audit/record.ts';
import type { ConnectionSettings, GrantRow } from '../../rows.ts';

export interface CandidateRow {
  readonly sessionId: string;
  /** Complete, with its own id and generation: its ciphertexts are bound to both. */
  readonly grant: GrantRow;
  readonly subject: string | null;
  readonly subjectLabel: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
}

/** An imported credential that is being exchanged to see whether the provider takes it. Kept under its attempt's id. */
export interface ProofRow {
  /** The attempt's id. */
  readonly sessionId: string;
  /** As it was brought, under its own id and generation. */
  readonly grant: GrantRow;
  readonly proof: {
    readonly digest: string;
    readonly settings: ConnectionSettings;
    /** The operator and the request that brought the credential. */
    readonly context: RequestContext;
  };
}
