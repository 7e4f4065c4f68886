/**
 * The living account as the functions of this room meet it: its key and its rows, or the obstacle that the wire names.
 * Reads, and refuses to change anything: a row that was changed outside the broker is told, and left as it is.
 */

import type { RateLimitPolicy } from '#contract/problem.ts';
import { isDamage } from '#lib/platform-errors.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { CorruptRowError } from '#objects/corrupt-row.ts';
import type { Account } from '../account.ts';
import type { CandidateRow } from '../flows/sessions/candidate-row.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';

/** Expected outcomes that stand in the way; the codes of the wire. */
export interface Obstacle {
  readonly code: 'not_found' | 'vault_locked' | 'record_corrupt' | 'conflict' | 'rate_limited';
  readonly detail?: string;
  /** Of `rate_limited`: when to come again, and which limit it was. */
  readonly retryAfterS?: number;
  readonly policy?: RateLimitPolicy;
}

/** An account that is there, with what opens it. */
export interface Living {
  readonly opened: OpenedAccount;
  readonly state: AccountState;
}

/** The living account with its key, or why there is none. */
export async function readLiving(object: Account): Promise<Result<Living, Obstacle>> {
  const opened = await object.vault.open();
  if (!opened.ok) return err(opened.error);
  const account = opened.value;
  if (account === null) return err({ code: 'not_found' });
  const state = authentic(() => object.store.state(account.key.mac));
  if (!state.ok) return state;
  return state.value === null ? err({ code: 'not_found' }) : ok({ opened: account, state: state.value });
}

/**
 * Whether what lies here belongs to another organization than `organization` (null: a caller who sees all). Asked
 * before a key is opened: how another's account is damaged or locked is nothing to know either.
 */
export function isForeign(object: Account, organization: string | null): boolean {
  if (organization === null) return false;
  const { store } = object;
  try {
    return (store.keyMaterial() ?? store.tombstone())?.organization !== organization;
  } catch (error) {
    // The owner of damaged tables is unknown: a caller that sees one organization alone does not see them.
    if (isDamage(error)) return true;
    throw error;
  }
}

/** What ends flows reads them first. */
export function intactFlows(object: Account, mac: Uint8Array): Result<readonly CandidateRow[], Obstacle> {
  const { flows } = object.store;
  return authentic(() => {
    flows.sessions(mac);
    return flows.candidates(mac);
  });
}

/** The value of `read`, or `record_corrupt` for a row that was changed outside the broker, which is left as it is. */
export function authentic<T>(read: () => T): Result<T, Obstacle> {
  try {
    return ok(read());
  } catch (error) {
    if (!(error instanceof CorruptRowError)) throw error;
    return err({ code: 'record_corrupt', detail: 'a stored row was changed outside the broker' });
  }
}
