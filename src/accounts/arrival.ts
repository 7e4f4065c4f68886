/**
 * What becomes of a grant that a browser brought home: used at once, kept as a candidate until the operator confirms,
 * or dropped. Pure. A candidate changes nothing that the account serves, whoever brought it.
 */

import { openingScopes, statedScopes, withImplied, type ScopeFacts } from '#providers/scopes.ts';
import type { Identity } from '#refresh/code-exchange.ts';
import type { GrantRow } from './rows.ts';
import type { SessionRow } from './session.ts';

export type Mismatch = 'other_account' | 'email_unverified' | 'subject_unknown';

export type Arrival =
  | { readonly kind: 'promote' }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'mismatch'; readonly reason: Mismatch };

/**
 * - Another subject than the account's is refused, unless the link allows the change.
 * - What the link names must be answered by the provider, whatever else holds.
 * - The same subject as before, or the one that the link named, is proof enough. Everything else is confirmed.
 *
 * @param known the account's subject; null: none is known, so nobody can be the same
 * @param allowUnverified the deployment's setting: a link that was made under it is void without it
 */
export function judgeArrival(
  session: Pick<SessionRow, 'verification' | 'expectedSubject' | 'expectedEmail' | 'allowSubjectChange'>,
  known: string | null,
  identity: Identity,
  allowUnverified: boolean,
): Arrival {
  const { subject } = identity;
  const other = known !== null && subject !== null && subject !== known;
  if (other && !session.allowSubjectChange) return { kind: 'mismatch', reason: 'other_account' };
  const named = expectationProblem(session, identity);
  if (named !== null) return { kind: 'mismatch', reason: named };
  const same = known !== null && subject === known;
  if (same) return { kind: 'promote' };
  if (session.verification === 'none' && allowUnverified) return { kind: 'promote' };
  const names = session.expectedSubject !== null || session.expectedEmail !== null;
  return session.verification === 'subject' && names ? { kind: 'promote' } : { kind: 'confirm' };
}

function expectationProblem(
  session: Pick<SessionRow, 'expectedSubject' | 'expectedEmail'>,
  identity: Identity,
): Mismatch | null {
  if (session.expectedSubject !== null) {
    if (identity.subject === null) return 'subject_unknown';
    if (identity.subject !== session.expectedSubject) return 'other_account';
  }
  if (session.expectedEmail !== null) {
    if (identity.email === null) return 'subject_unknown';
    if (!sameAddress(identity.email, session.expectedEmail)) return 'other_account';
    if (!identity.emailVerified) return 'email_unverified';
  }
  return null;
}

/** Hosts know no case; what stands before the `@` is compared as it is written (RFC 5321, 2.4). */
export function sameAddress(one: string, other: string): boolean {
  const folded = (address: string): string => {
    const at = address.lastIndexOf('@');
    return at < 0 ? address : address.slice(0, at) + address.slice(at).toLowerCase();
  };
  return folded(one) === folded(other);
}

/** Does everything that `inner` allows also lie in `outer`? What is not known covers nothing and is covered by nothing. */
function covers(
  outer: readonly string[] | null,
  inner: readonly string[] | null,
  facts: ScopeFacts | null,
): boolean {
  if (outer === null || inner === null) return false;
  const held = facts === null ? outer : withImplied(facts, statedScopes(facts, outer));
  return (facts === null ? inner : openingScopes(facts, inner)).every((scope) => held.includes(scope));
}

/** A grant that nothing can renew and that serves nothing any more. */
function isDead(grant: GrantRow, nowMs: number): boolean {
  if (grant.lastFailure === 'grant_dead') return true;
  const lives = grant.hasAccessToken && (grant.accessExpiresAtMs === null || grant.accessExpiresAtMs > nowMs);
  return !grant.hasRefreshToken && !lives;
}

/**
 * Which of the account's grants a new one takes the place of: those that it covers, dead ones, those whose scopes
 * nobody knows, and all of them when the subject is another. Null: a later grant already stands in its place, so it
 * comes too late.
 *
 * @param facts what the provider calls its scopes; null: every spelling is a scope of its own
 */
export function replacedBy(
  incoming: GrantRow,
  grants: readonly GrantRow[],
  subjectChanged: boolean,
  nowMs: number,
  facts: ScopeFacts | null = null,
): readonly GrantRow[] | null {
  const later = grants.filter((grant) => grant.generation > incoming.generation);
  // Grants of two subjects never stand side by side, and of two whose scopes nobody knows the later one stands.
  if (later.length > 0 && (subjectChanged || incoming.scopes === null)) return null;
  if (later.some((grant) => covers(grant.scopes, incoming.scopes, facts))) return null;
  return grants.filter(
    (grant) =>
      grant.generation < incoming.generation &&
      (subjectChanged ||
        isDead(grant, nowMs) ||
        grant.scopes === null ||
        incoming.scopes === null ||
        covers(incoming.scopes, grant.scopes, facts)),
  );
}
