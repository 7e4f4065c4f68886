/** The account as it is shown right now: its rows, its newest attempt, its next timer. Reads only. */

import type { Resource } from '#contract/accounts/connected-accounts.ts';
import type { Account } from '../account.ts';
import { awaitsConfirmation } from '../flows/sessions/upkeep.ts';
import type { AccountState } from '../store.ts';
import { accountView } from './view.ts';

export function present(object: Account, mac: Uint8Array, state: AccountState): Resource {
  const { timers, attempts, lastUse, now } = object;
  const grant = state.grants[0];
  const next = grant === undefined ? null : timers.get(`refresh:${grant.id}`);
  return accountView({
    state,
    attempts: attempts.newest(1),
    nextRefreshAtMs: next === null || next.payload === 'end' ? null : next.dueAtMs,
    lastUsedAtMs: lastUse.atMs,
    nowMs: now(),
    awaits: awaitsConfirmation(object, mac, state),
  });
}
