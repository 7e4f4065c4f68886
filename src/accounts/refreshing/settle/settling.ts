/** One settle on its way through its steps: what it has found, and what was decided. */

import type { EncryptedTokens, SettleArgument } from '#refresh/exchange/outcome.ts';
import type { SettlePlan } from '#refresh/exchange/settle-plan.ts';
import type { Account } from '../../account.ts';
import type { AttemptRow, GrantRow } from '../../rows.ts';
import type { AccountState } from '../../store.ts';

export interface Settling {
  readonly object: Account;
  readonly mac: Uint8Array;
  /** As the steps before have made it; a step that changes the account hands on another. */
  readonly state: AccountState;
  readonly grant: GrantRow;
  readonly attempt: AttemptRow;
  /** What the Exchanger brings. */
  readonly arg: SettleArgument;
  readonly plan: SettlePlan;
  readonly nowMs: number;
}

/** A settle that has tokens to store. */
export interface Storing extends Settling {
  readonly tokens: EncryptedTokens;
}
