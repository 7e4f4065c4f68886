/**
 * A candidate becomes a grant that is used: in the place of what it replaces, with its event and its record, in the
 * caller's transaction. Refuses to judge whose grant it is (`arrival.ts`) and whether anybody has confirmed it.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { assumedLifetimeMs } from '#providers/reading/lifetime.ts';
import { warnUnrenewable } from '../clock/calendar.ts';
import { applyChange } from '../life/changes.ts';
import { endingAsLearnt } from '../refreshing/lifetime.ts';
import { armGrant } from '../refreshing/plan.ts';
import type { ConnectionSettings, GrantRow } from '../rows.ts';
import { replacedBy } from './arrival.ts';
import { keptFor, withNewToken, type Carried } from './carry.ts';
import type { CandidateRow } from './sessions/candidate-row.ts';
import { isOpen, MAX_GRANTS, type SessionRow } from './sessions/session.ts';
import { end, flowRecord, type Scene } from './sessions/upkeep.ts';

/** The session as it is then; a grant that is not promoted has ended it as failed. */
export type Promotion =
  | { readonly kind: 'promoted'; readonly session: SessionRow }
  | { readonly kind: 'superseded' | 'too_many_grants'; readonly session: SessionRow };

/**
 * Puts a candidate's grant in the place of what it replaces. Inside a transaction.
 *
 * @param carried what `withCarried` made for the grant that stays; null: none does
 */
export function promote(
  scene: Scene,
  session: SessionRow,
  candidate: CandidateRow,
  action: AuditAction,
  context: RequestContext,
  carried: Carried | null,
): Promotion {
  const { object, mac, nowMs } = scene;
  const state = object.store.state(mac) ?? scene.state;
  const { account } = state;
  const kept = keptFor({ state, account }, candidate);
  if (kept?.id !== carried?.grantId || kept?.generation !== carried?.generation)
    throw new Error('internal: what was carried belongs to another grant than the one that stays');
  const whole =
    kept === null || carried === null
      ? candidate.grant
      : renewable(withNewToken(kept, candidate.grant, carried), state.settings);
  const grant = endingAsLearnt(whole, account, nowMs);
  const sameSubject = candidate.subject !== null && candidate.subject === account.subject;
  const subjectChanged =
    account.subject !== null && candidate.subject !== null && account.subject !== candidate.subject;
  const facts = scopeFactsOf(state.settings);
  const replaced = replacedBy(candidate.grant, state.grants, subjectChanged, nowMs, sameSubject, facts);
  const refused =
    replaced === null
      ? 'superseded'
      : kept === null && state.grants.length - replaced.length >= MAX_GRANTS
        ? 'too_many_grants'
        : null;
  if (replaced === null || refused !== null) {
    flowRecord(scene, 'refused', refused ?? 'superseded', context);
    return { kind: refused ?? 'superseded', session: end(scene, session, 'failed', refused) };
  }
  for (const old of replaced) removeGrant(scene, old);
  object.store.saveGrant(mac, grant);
  const changed = applyChange(
    object,
    mac,
    {
      ...account,
      credentialType: grant.staticFields === null ? 'oauth2' : 'oauth1',
      // They belong to the user of before: the new one's site is another.
      variables: subjectChanged ? {} : account.variables,
      // Only the facts of the new grant: where its user is unknown, it may be another user's.
      subject: candidate.subject,
      subjectLabel: candidate.subjectLabel ?? (sameSubject ? account.subjectLabel : null),
      degradedSinceMs: null,
      degradedCause: null,
    },
    { signal: 'connected', action, reason: null, scopes: grant.scopes },
    context,
  );
  const reconnected = account.status !== 'pending' && account.statusBefore !== 'pending';
  const done = end(scene, session, 'promoted', null, { reconnected });
  armGrant(object, changed, state.settings, grant);
  warnUnrenewable(object, mac, changed, grant);
  endOvertaken(scene, candidate.grant, subjectChanged);
  return { kind: 'promoted', session: done };
}

/** A replaced grant takes its timer and its attempts with it: an answer that still comes back for it is overtaken. */
function removeGrant({ object, mac, nowMs }: Scene, grant: GrantRow): void {
  for (const attempt of object.attempts.open().filter(({ grantId }) => grantId === grant.id)) {
    object.attempts.end(attempt.id, {
      endedAtMs: nowMs,
      outcome: 'superseded',
      reason: null,
      providerError: null,
    });
    object.timers.clear(`reconcile:${attempt.id}`);
  }
  object.timers.clear(`refresh:${grant.id}`);
  object.store.deleteGrant(mac, grant.id);
}

/** Candidates that were brought before this grant and could only take its place come too late. */
function endOvertaken(scene: Scene, grant: GrantRow, subjectChanged: boolean): void {
  const { object, mac, nowMs } = scene;
  const facts = scopeFactsOf(scene.state.settings);
  for (const other of object.store.flows.candidates(mac)) {
    if (other.grant.id > grant.id) continue;
    if (!subjectChanged && replacedBy(other.grant, [grant], false, nowMs, false, facts) !== null) continue;
    const session = object.store.flows.sessions(mac).find(({ id }) => id === other.sessionId);
    if (session !== undefined && isOpen(session.status)) end(scene, session, 'failed', 'superseded');
  }
}

/**
 * A token without a stated lifetime would be served until the API refuses it; beside a refresh token it is renewed in
 * time.
 */
function renewable(grant: GrantRow, { descriptor }: ConnectionSettings): GrantRow {
  if (grant.accessExpiresAtMs !== null || grant.tokenAtMs === null) return grant;
  const lifetimeMs = assumedLifetimeMs(descriptor, true);
  return lifetimeMs === null
    ? grant
    : { ...grant, lifetimeMs, accessExpiresAtMs: grant.tokenAtMs + lifetimeMs };
}
