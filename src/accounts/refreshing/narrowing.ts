/** Narrowed tokens as the decisions see them: the grant with another access token. Pure. */

import { isRenewedType } from '#contract/machine/kinds.ts';
import { scopeKeyOf } from '#providers/scopes/scopes.ts';
import { isDead } from '../flows/arrival.ts';
import type { ConnectionSettings, GrantRow, NarrowedRow } from '../rows.ts';
import type { AccountState } from '../store.ts';

/** More than so many scope sets per grant in use at once is a policy to be thought over; the oldest goes. */
export const MAX_NARROWED = 8;
/** A provider that refused to narrow is not asked again for the same before. */
export const NARROWING_REFUSED_MS = 3_600_000;
const FRESH_MS = 30_000;

/** Does the provider give a token with fewer scopes at a refresh? */
export function canNarrow(settings: ConnectionSettings): boolean {
  return settings.descriptor.refresh_scope_downscoping === 'supported';
}

/**
 * The grants that can answer a request. An ended grant that nothing renews answers no request beside a living grant.
 * Where all grants have ended, all are returned, so that the caller is told so.
 */
export function servableGrants({ account, grants }: AccountState, nowMs: number): readonly GrantRow[] {
  const going = grants.filter((grant) => !isDead(grant, nowMs));
  return !isRenewedType(account.credentialType) || going.length === 0 ? grants : going;
}

export function narrowedOf(
  state: AccountState,
  grant: GrantRow,
  scopes: readonly string[],
): NarrowedRow | null {
  const key = scopeKeyOf(scopes);
  return state.narrowed.find((row) => row.grantId === grant.id && row.scopeKey === key) ?? null;
}

/**
 * Has every place for narrowed tokens been filled within half a minute, with tokens or with refusals? Then one more
 * scope set would push out a token that is in use, and a caller that asks for ever new sets would rotate the grant on
 * every call.
 */
export function narrowsTooOften(state: AccountState, grant: GrantRow, nowMs: number): boolean {
  const fresh = state.narrowed.filter((row) => {
    const madeAtMs = row.refusedUntilMs === null ? row.tokenAtMs : row.refusedUntilMs - NARROWING_REFUSED_MS;
    return row.grantId === grant.id && madeAtMs !== null && Math.abs(nowMs - madeAtMs) < FRESH_MS;
  });
  return fresh.length >= MAX_NARROWED;
}

/** The grant as it would be if its access token were the narrowed one, which may be absent yet. */
export function shownAs(grant: GrantRow, narrowed: NarrowedRow | null, scopes: readonly string[]): GrantRow {
  const token = narrowed?.accessToken ?? null;
  return {
    ...grant,
    generation: narrowed?.generation ?? grant.generation,
    accessToken: token,
    hasAccessToken: token !== null,
    tokenType: narrowed?.tokenType ?? grant.tokenType,
    scopes,
    accessExpiresAtMs: narrowed?.accessExpiresAtMs ?? null,
    tokenAtMs: narrowed?.tokenAtMs ?? null,
    lifetimeMs: narrowed?.lifetimeMs ?? null,
    // Another scope set's attempt does not make this one wait.
    lastAttemptStartedAtMs: narrowed?.tokenAtMs ?? null,
  };
}
