/** A grant that waits for its confirmation: what a promotion turns into a grant, without opening anything. */

import type { GrantRow } from './rows.ts';

export interface CandidateRow {
  readonly sessionId: string;
  /** Complete, with its own id and generation: its ciphertexts are bound to both. */
  readonly grant: GrantRow;
  readonly subject: string | null;
  readonly subjectLabel: string | null;
  readonly email: string | null;
  readonly emailVerified: boolean;
}
