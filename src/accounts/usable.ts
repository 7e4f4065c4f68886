/** Which of an account's grants can still give a token, and what a policy is told of them. Pure. */

import type { Granted } from '#policy/decide.ts';
import { resolveScopes } from '#providers/scopes.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import type { GrantRow } from './rows.ts';
import type { AccountState } from './store.ts';

/** It lives, or something is stored that can renew it. */
export function isUsable(grant: GrantRow, nowMs: number): boolean {
  return grant.staticFields !== null || grant.hasRefreshToken || accessLives(grant, nowMs);
}

/** Whether the account goes on without this grant. */
export function othersServe(state: AccountState, grant: GrantRow, nowMs: number): boolean {
  return state.grants.some((other) => other.id !== grant.id && isUsable(other, nowMs));
}

/** The grants as a policy weighs them, in the same order. Only a refresh gives a token with fewer scopes. */
export function grantedOf({ settings }: AccountState, grants: readonly GrantRow[]): Granted[] {
  return grants.map((grant) => ({
    scopes: grant.scopes === null ? null : [...grant.scopes],
    resolve: (names) => resolveScopes(settings.descriptor, names),
    narrowable: grant.hasRefreshToken,
  }));
}
