/**
 * What an account makes of the cut-offs of the kill switch: what was obtained at or before one that matches it is dead,
 * whatever its own row says. Pure. It judges by its own rows, and not by the index that the switch works through.
 */

import type { CutOffs, Revoked } from '#directory/revocations/cut-offs.ts';
import type { Refusal } from '../door/answer.ts';
import type { AccountRow, GrantRow } from '../rows.ts';

type Names = Pick<AccountRow, 'organization' | 'connection' | 'identifier' | 'subject'>;
type Standing = Names & Pick<AccountRow, 'status' | 'createdAtMs'>;

export function isMatched(account: Names, { selector }: Revoked): boolean {
  const { agent, connection, identifier, subject, organization } = selector;
  if (agent !== null) return false;
  const differs = (wanted: string | null, own: string | null): boolean => wanted !== null && wanted !== own;
  return !(
    differs(connection ?? subject?.connection ?? null, account.connection) ||
    differs(identifier, account.identifier) ||
    differs(subject?.subject ?? null, account.subject) ||
    differs(organization, account.organization)
  );
}

/** Was the grant obtained at or before the cut-off? A refresh does not make it younger. */
export function isOld(
  { grantedAtMs }: Pick<GrantRow, 'grantedAtMs'>,
  { atMs }: Pick<Revoked, 'atMs'>,
): boolean {
  return grantedAtMs <= atMs;
}

/** Those of the list that are about this account. */
function matchedBy(account: Names, list: CutOffs | null | undefined): readonly Revoked[] {
  return (list?.revoked ?? []).filter((cutOff) => isMatched(account, cutOff));
}

/** Was it before a cut-off of the list that is about this account? */
export function wasBefore(atMs: number, account: Names, list: CutOffs | null | undefined): boolean {
  return matchedBy(account, list).some((cutOff) => atMs <= cutOff.atMs);
}

/** What a cut-off leaves of an account. `nothing`: it is about no grant of it, and the account is younger. */
export type Cut = 'all' | 'some' | 'done' | 'nothing';

/** @param cutOff one that matches the account */
export function cutOf(account: Standing, grants: readonly GrantRow[], cutOff: Pick<Revoked, 'atMs'>): Cut {
  const old = grants.filter((grant) => isOld(grant, cutOff)).length;
  if (old > 0) return old === grants.length ? 'all' : 'some';
  if (account.createdAtMs > cutOff.atMs) return 'nothing';
  return grants.length === 0 && account.status !== 'revoked' ? 'all' : 'done';
}

/** The same rows without the grants that a cut-off has ended. */
export function withoutCut<S extends { readonly account: Names; readonly grants: readonly GrantRow[] }>(
  state: S,
  list: CutOffs | null | undefined,
): S {
  const found = matchedBy(state.account, list);
  const grants = state.grants.filter((grant) => !found.some((cutOff) => isOld(grant, cutOff)));
  return grants.length === state.grants.length ? state : { ...state, grants };
}

/** Why no agent uses this account any more, in any status; null: no cut-off has ended all of it. */
export function revokedRefusal(
  account: Standing,
  grants: readonly GrantRow[],
  list: CutOffs | null | undefined,
): (Refusal & { code: 'account_revoked' }) | null {
  const isEnded = matchedBy(account, list).some((cutOff) => cutOf(account, grants, cutOff) === 'all');
  return isEnded ? { code: 'account_revoked', detail: 'what the account held was revoked' } : null;
}
