/** Which of an account's grants can still give a token, and which was given last. Pure. */

import { accessLives } from '#refresh/lifetimes.ts';
import type { GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';

/** Evidence of a static credential that has come to the end which its operator gave. */
export const DECLARED_END = 'declared_end';

/** It lives, or something is stored that can renew it. */
export function isUsable(grant: GrantRow, nowMs: number): boolean {
  const isEndless = grant.staticFields !== null && grant.accessExpiresAtMs === null;
  return isEndless || grant.hasRefreshToken || accessLives(grant, nowMs);
}

/** Whether the account goes on without this grant. */
export function othersServe(state: AccountState, grant: GrantRow, nowMs: number): boolean {
  return state.grants.some((other) => other.id !== grant.id && isUsable(other, nowMs));
}

/**
 * The grant that was given last: the account's user is the person who gave it. An older grant beside it may come from
 * an earlier user.
 */
export function newestOf(grants: readonly GrantRow[]): GrantRow | undefined {
  return grants.toSorted((one, other) => one.grantedAtMs - other.grantedAtMs || one.id - other.id).at(-1);
}
