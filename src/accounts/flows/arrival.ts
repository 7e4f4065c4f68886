/**
 * What becomes of a grant that a browser brought home: used at once, kept as a candidate until the operator confirms,
 * or dropped. Pure. No candidate changes what the account serves, from any browser.
 */

import { openingScopes, statedScopes, withImplied, type ScopeFacts } from '#providers/scopes/scopes.ts';
import { needs } from '#providers/identity.ts';
import type { Identity } from '#refresh/exchange/code-exchange.ts';
import type { ConnectionSettings, GrantRow } from '../rows.ts';
import type { Mismatch, SessionRow } from './sessions/session.ts';

export type Arrival =
  | { readonly kind: 'promote' }
  | { readonly kind: 'confirm' }
  | { readonly kind: 'mismatch'; readonly reason: Mismatch };

/**
 * - Another subject than the account's is refused, unless the link allows the change.
 * - The provider must answer with the subject that the link names, in every case.
 * - The same subject as before, or the one that the link named, is proof enough. Every other arrival needs a
 *   confirmation.
 * - A callback value that the account works with needs a confirmation from any subject: the browser alone says it.
 *
 * @param known the account's subject; null: none is known, so no subject can match
 * @param allowUnverified the deployment's setting: a link that was made under it is void without it
 * @param changesValues the browser brought another value of the account's than it has
 */
export function judgeArrival(
  session: Pick<SessionRow, 'verification' | 'expectedSubject' | 'expectedEmail' | 'allowSubjectChange'>,
  known: string | null,
  identity: Identity,
  allowUnverified: boolean,
  changesValues = false,
): Arrival {
  const { subject } = identity;
  const other = known !== null && subject !== null && subject !== known;
  if (other && !session.allowSubjectChange) return { kind: 'mismatch', reason: 'other_account' };
  const named = expectationProblem(session, identity);
  if (named !== null) return { kind: 'mismatch', reason: named };
  if (session.verification === 'none' && allowUnverified) return { kind: 'promote' };
  if (changesValues) return { kind: 'confirm' };
  if (known !== null && subject === known) return { kind: 'promote' };
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

/**
 * As whom the account is known, by the provider's own word. A subject that was read from a callback, as older versions
 * did, is the browser's word: it proves no identity, so the next sign-in is confirmed like a first one.
 */
export function provenSubject(
  subject: string | null,
  settings: readonly Pick<ConnectionSettings, 'descriptor'>[],
): string | null {
  return settings.some(({ descriptor }) => needs(descriptor.subject_source, 'callback')) ? null : subject;
}

/** Hosts know no case; what stands before the `@` is compared as it is written (RFC 5321, 2.4). */
export function sameAddress(one: string, other: string): boolean {
  const folded = (address: string): string => {
    const at = address.lastIndexOf('@');
    return at < 0 ? address : address.slice(0, at) + address.slice(at).toLowerCase();
  };
  return folded(one) === folded(other);
}

/**
 * Does everything that `inner` allows also lie in `outer`? An unknown scope list covers nothing and is covered by
 * nothing.
 */
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
export function isDead(grant: GrantRow, nowMs: number): boolean {
  if (grant.lastFailure === 'grant_dead') return true;
  const lives = grant.hasAccessToken && (grant.accessExpiresAtMs === null || grant.accessExpiresAtMs > nowMs);
  return !grant.hasRefreshToken && !lives;
}

/**
 * Was this grant given after the incoming one? A refresh is no later consent: ids are drawn with the consent, and the one
 * id that every import has is told apart by when it was given.
 */
function isLater(grant: GrantRow, incoming: GrantRow): boolean {
  return grant.id === IMPORTED_ID ? grant.grantedAtMs > incoming.grantedAtMs : grant.id > incoming.id;
}

/** The id of a grant that an operator brought. */
const IMPORTED_ID = 1;

/** Can it be renewed, as far as anybody knows? */
function isRenewable(grant: GrantRow): boolean {
  return grant.hasRefreshToken && grant.lastFailure !== 'grant_dead';
}

function sameScopes(
  one: readonly string[] | null,
  other: readonly string[] | null,
  facts: ScopeFacts | null,
): boolean {
  return (one === null && other === null) || (covers(one, other, facts) && covers(other, one, facts));
}

/**
 * The grant whose refresh token goes on under a new access token: the same user has consented once more to the same, and
 * the provider, which has given a refresh token before, gave none this time. Null: there is none, the new grant stands
 * alone. A replacement never can do less than the grant that it replaces.
 *
 * @param sameSubject the provider says that it is the same user; not known is not the same
 */
export function keptBy(
  incoming: GrantRow,
  grants: readonly GrantRow[],
  sameSubject: boolean,
  facts: ScopeFacts | null = null,
): GrantRow | null {
  if (!sameSubject || incoming.hasRefreshToken || !incoming.hasAccessToken) return null;
  const kept = grants.filter(
    (grant) =>
      !isLater(grant, incoming) &&
      isRenewable(grant) &&
      // A provider takes a refresh token from no other client.
      (grant.client ?? null) === (incoming.client ?? null) &&
      sameScopes(grant.scopes, incoming.scopes, facts),
  );
  return kept.at(-1) ?? null;
}

/**
 * Which of the account's grants a new one takes the place of: the grants that it covers, dead grants, grants of unknown
 * scopes, and all grants when the subject is another. Null: a later grant already stands in its place, so it comes too
 * late. Of the same user, a renewable grant does not give way to a grant that cannot be renewed: they stand side by
 * side.
 *
 * @param facts what the provider calls its scopes; null: every spelling is a scope of its own
 */
export function replacedBy(
  incoming: GrantRow,
  grants: readonly GrantRow[],
  subjectChanged: boolean,
  nowMs: number,
  sameSubject = false,
  facts: ScopeFacts | null = null,
): readonly GrantRow[] | null {
  const later = grants.filter((grant) => isLater(grant, incoming));
  // Grants of two subjects never stand side by side, and of two grants with unknown scopes the later grant stands.
  if (later.length > 0 && (subjectChanged || incoming.scopes === null)) return null;
  if (later.some((grant) => covers(grant.scopes, incoming.scopes, facts))) return null;
  return grants.filter(
    (grant) =>
      !isLater(grant, incoming) &&
      !(sameSubject && isRenewable(grant) && !incoming.hasRefreshToken) &&
      (subjectChanged ||
        isDead(grant, nowMs) ||
        grant.scopes === null ||
        incoming.scopes === null ||
        covers(incoming.scopes, grant.scopes, facts)),
  );
}
