/** What the simulator's own record says of a run. It reads the record; it asks the broker nothing. */

import type { RefreshUse, SimulatedAccount } from '#dev/simulator/world.ts';

export interface Account {
  readonly simulated: SimulatedAccount;
  /** The broker's id. */
  readonly id: string;
}

export interface Ledger {
  /** Refresh tokens that were presented. */
  readonly presented: number;
  /** Spent ones inside their grace: each is a rotation whose answer the broker had lost. */
  readonly inGrace: number;
  /** Uses that the provider refused as spent, expired, dead or unknown. */
  readonly refused: readonly RefreshUse[];
  /** A token that is older than one which the same account has presented before: something stored was undone. */
  readonly steppedBack: readonly RefreshUse[];
  /** Accounts whose grant is dead at the provider. */
  readonly lostGrants: readonly string[];
}

export function ledgerOf(uses: readonly RefreshUse[], accounts: readonly Account[]): Ledger {
  const ours = new Set(accounts.map(({ simulated }) => simulated.id));
  const newest = new Map<string, number>();
  const refused: RefreshUse[] = [];
  const steppedBack: RefreshUse[] = [];
  let presented = 0;
  let inGrace = 0;
  for (const use of uses) {
    // What no account knows was meant for one of these too.
    if (use.account !== null && !ours.has(use.account)) continue;
    presented += 1;
    if (use.verdict === 'in_grace') inGrace += 1;
    else if (use.verdict !== 'fresh') refused.push(use);
    if (use.account === null || use.token === null) continue;
    const before = newest.get(use.account) ?? 0;
    if (use.token < before) steppedBack.push(use);
    newest.set(use.account, Math.max(before, use.token));
  }
  const lostGrants = accounts
    .filter(({ simulated }) => simulated.family.dead)
    .map(({ simulated }) => simulated.id);
  return { presented, inGrace, refused, steppedBack, lostGrants };
}
