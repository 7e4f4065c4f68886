/** The Exchanger's way in: opens the account, and keeps what comes too late for its grant from living on unnoticed. */

import type { SettleArgument } from '#refresh/exchange/outcome.ts';
import type { Account } from '../../account.ts';
import { takeLateTokens } from '../../ending/revocation.ts';
import type { ImportProofs } from '../../life/import/proof.ts';
import type { Refresher } from '../refresher.ts';

/** How it was taken; `locked`: come again. */
export async function settleExchange(
  object: Account,
  refresher: Refresher,
  proofs: ImportProofs,
  argument: SettleArgument,
): Promise<string> {
  const opened = await object.vault.open();
  // A ring that does not open it now may be put right: the Exchanger holds the only copy and tries again.
  if (!opened.ok) return 'locked';
  const proven = opened.value === null ? null : await proofs.settle(opened.value, argument);
  const as = proven ?? (opened.value === null ? 'overtaken' : refresher.settle(opened.value, argument));
  if (as === 'overtaken') await takeLateTokens(object, argument);
  return as;
}
