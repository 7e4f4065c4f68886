/**
 * What becomes of the provider's answer: a grant that is used at once, a candidate that waits for the operator, or
 * nothing. A promotion is one transaction with its event and its record; whatever is refused leaves the account as it
 * was.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { equalDigests } from '#crypto/digest.ts';
import { err, ok } from '#lib/result.ts';
import { refreshTokenLifeOf } from '#providers/rotation.ts';
import type { CodeFinding } from '#refresh/code-exchange.ts';
import { judgeArrival, replacedBy, type Mismatch } from './arrival.ts';
import type { CandidateRow } from './candidate-row.ts';
import { applyChange } from './changes.ts';
import { tellConfirmationRequired } from './events.ts';
import type {
  ArriveRequest,
  Confirmed,
  ConfirmRequest,
  RejectRequest,
  SessionView,
} from './flow-requests.ts';
import {
  armSessions,
  end,
  flowRecord,
  grantIdOf,
  sessionView,
  type FlowLifecycle,
  type Scene,
} from './flow-sessions.ts';
import { armGrant, idleEndMs } from './plan.ts';
import type { ConnectionSettings, GrantRow } from './rows.ts';
import { CONFIRM_MS, isOpen, MAX_GRANTS, moved, sessionAt, type SessionRow } from './session.ts';
import { revokeLater } from './revocation.ts';
import { record } from './room.ts';
import type { Answer } from './stub.ts';

/** Stores what the exchange found. Twice is once: the callback may not have heard that it was stored. */
export function arrive(scene: Scene, request: ArriveRequest, lifecycle: FlowLifecycle): Answer<SessionView> {
  const { room, mac, nowMs } = scene;
  let promoted = false;
  const answer = room.store.transaction((): Answer<SessionView> => {
    const row = room.store.flows.sessions(mac).find(({ id }) => id === request.sessionId);
    if (row === undefined || scene.account.incarnation !== request.incarnation)
      return err({ code: 'not_found' });
    // One that was taken in time may come home a little late; one that has ended meanwhile has ended.
    if (row.status !== 'started' || row.generation !== request.generation) {
      revokeLate(scene, row, request);
      return ok(sessionView(scene, sessionAt(row, nowMs)));
    }
    const session = settleArrival(scene, row, request);
    promoted = session.status === 'succeeded';
    armSessions(scene);
    return ok(sessionView({ ...scene, account: room.store.state(mac)?.account ?? scene.account }, session));
  });
  if (promoted) lifecycle.forgetCredentials();
  room.waiting.changed();
  return answer;
}

/** A grant that comes home to a session that has ended, e.g. because the account was revoked meanwhile. */
function revokeLate({ room, mac, account }: Scene, session: SessionRow, request: ArriveRequest): void {
  const { finding, settings, generation } = request;
  const came = finding.kind === 'granted' && session.generation === generation;
  // What has succeeded or still waits is stored already: this is only its second message.
  if (!came || isOpen(session.status) || session.status === 'succeeded') return;
  const grant = grantOf(finding, settings, generation);
  const { subject } = finding.identity;
  revokeLater(room, mac, { account, settings, grant, subject, cause: 'came_too_late' });
}

function settleArrival(scene: Scene, session: SessionRow, request: ArriveRequest): SessionRow {
  const { room, mac, state, account, nowMs } = scene;
  const { finding, context, settings } = request;
  if (finding.kind === 'failed') {
    flowRecord(scene, 'failed', finding.reason, context, null, finding.providerError);
    return end(scene, session, 'failed', finding.reason);
  }
  const { identity } = finding;
  const told = {
    subject: identity.subject,
    subjectLabel: identity.label,
    granted: finding.tokens.scopes,
  };
  const judged = judgeArrival(session, account.subject, identity, room.config.allowUnverifiedLinks);
  if (judged.kind === 'mismatch') {
    const grant = grantOf(finding, settings, request.generation);
    revokeLater(room, mac, { account, settings, grant, ...identity, cause: 'candidate_refused' });
    return endMismatched(scene, session, judged.reason, context, told);
  }
  if (settings.version >= state.settings.version) room.store.saveSettings(mac, settings);
  const candidate: CandidateRow = {
    sessionId: session.id,
    grant: grantOf(finding, settings, request.generation),
    subject: identity.subject,
    subjectLabel: identity.label,
    email: identity.email,
    emailVerified: identity.emailVerified,
  };
  if (judged.kind === 'promote') {
    const promotion = promote(scene, { ...session, ...told }, candidate, 'account.connect', context);
    if (promotion.kind !== 'promoted')
      revokeLater(room, mac, { account, settings, ...candidate, cause: 'candidate_refused' });
    return promotion.session;
  }
  const waiting = moved(session, 'awaiting', {
    ...told,
    nowMs,
    reason: null,
    deadlineMs: nowMs + CONFIRM_MS,
    verifier: null,
    confirmDigest: request.confirmDigest,
  });
  if (waiting === null) throw new Error('internal: an arrival to a session that is not started');
  room.store.flows.saveSession(mac, waiting);
  room.store.flows.saveCandidate(mac, candidate);
  flowRecord(scene, 'ok', 'confirmation_required', context, finding.tokens.scopes);
  tellConfirmationRequired(room, mac, account, session.id, identity.label);
  room.timers.set('index', nowMs);
  return waiting;
}

function endMismatched(
  scene: Scene,
  session: SessionRow,
  mismatch: Mismatch,
  context: RequestContext,
  told: Partial<SessionRow> = {},
): SessionRow {
  flowRecord(scene, 'refused', 'subject_mismatch', context, null, mismatch);
  return end(scene, session, 'failed', 'subject_mismatch', { ...told, mismatch });
}

/** The grant that the answer makes. Lifetimes count from when the request left. */
function grantOf(
  finding: Extract<CodeFinding, { kind: 'granted' }>,
  settings: ConnectionSettings,
  generation: number,
): GrantRow {
  const { tokens, sentAtMs } = finding;
  const refreshLifeMs = tokens.refreshLifetimeMs ?? refreshTokenLifeOf(settings.descriptor).absoluteMs;
  const renews = tokens.refreshToken !== null;
  return {
    id: grantIdOf(generation),
    generation,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    staticFields: null,
    hasAccessToken: tokens.accessToken !== null,
    hasRefreshToken: renews,
    tokenType: tokens.tokenType,
    scopes: tokens.scopes,
    grantedAtMs: sentAtMs,
    accessExpiresAtMs: tokens.lifetimeMs === null ? null : sentAtMs + tokens.lifetimeMs,
    tokenAtMs: sentAtMs,
    lifetimeMs: tokens.lifetimeMs,
    cycle: 0,
    refreshExpiresAtMs: renews && refreshLifeMs !== null ? sentAtMs + refreshLifeMs : null,
    refreshIdleExpiresAtMs: renews ? idleEndMs(settings, sentAtMs) : null,
    nextAttemptAtMs: null,
    lastAttemptStartedAtMs: null,
    doubtSinceMs: null,
    failures: 0,
    lastFailure: null,
    lastFailureCode: null,
    unknown: null,
    rejectHoldUntilMs: null,
    captured: tokens.captured,
  };
}

type Promotion =
  | { readonly kind: 'promoted'; readonly session: SessionRow }
  | { readonly kind: 'superseded' | 'too_many_grants'; readonly session: SessionRow };

/** Puts a candidate's grant in the place of what it replaces. Inside a transaction. */
function promote(
  scene: Scene,
  session: SessionRow,
  candidate: CandidateRow,
  action: AuditAction,
  context: RequestContext,
): Promotion {
  const { room, mac, nowMs } = scene;
  const state = room.store.state(mac) ?? scene.state;
  const { account } = state;
  const { grant } = candidate;
  const subjectChanged =
    account.subject !== null && candidate.subject !== null && account.subject !== candidate.subject;
  const replaced = replacedBy(grant, state.grants, subjectChanged, nowMs);
  const refused =
    replaced === null
      ? 'superseded'
      : state.grants.length - replaced.length >= MAX_GRANTS
        ? 'too_many_grants'
        : null;
  if (replaced === null || refused !== null) {
    flowRecord(scene, 'refused', refused ?? 'superseded', context);
    return { kind: refused ?? 'superseded', session: end(scene, session, 'failed', refused) };
  }
  for (const old of replaced) removeGrant(scene, old);
  room.store.saveGrant(mac, grant);
  const changed = applyChange(
    room,
    mac,
    {
      ...account,
      credentialType: 'oauth2',
      subject: candidate.subject ?? account.subject,
      subjectLabel: candidate.subjectLabel ?? (subjectChanged ? null : account.subjectLabel),
      degradedSinceMs: null,
      degradedCause: null,
    },
    { signal: 'connected', action, reason: null, scopes: grant.scopes },
    context,
  );
  const reconnected = account.status !== 'pending' && account.statusBefore !== 'pending';
  const done = end(scene, session, 'promoted', null, { reconnected });
  armGrant(room, changed, state.settings, grant);
  endOvertaken(scene, grant, subjectChanged);
  return { kind: 'promoted', session: done };
}

/** A replaced grant takes its timer and its attempts with it: what still comes back for it is overtaken. */
function removeGrant({ room, mac, nowMs }: Scene, grant: GrantRow): void {
  for (const attempt of room.attempts.open().filter(({ grantId }) => grantId === grant.id)) {
    room.attempts.end(attempt.id, {
      endedAtMs: nowMs,
      outcome: 'superseded',
      reason: null,
      providerError: null,
    });
    room.timers.clear(`reconcile:${attempt.id}`);
  }
  room.timers.clear(`refresh:${grant.id}`);
  room.store.deleteGrant(mac, grant.id);
}

/** Candidates that were brought before this grant and could only take its place come too late. */
function endOvertaken(scene: Scene, grant: GrantRow, subjectChanged: boolean): void {
  const { room, mac, nowMs } = scene;
  for (const other of room.store.flows.candidates(mac)) {
    if (other.grant.generation > grant.generation) continue;
    if (!subjectChanged && replacedBy(other.grant, [grant], false, nowMs) !== null) continue;
    const session = room.store.flows.sessions(mac).find(({ id }) => id === other.sessionId);
    if (session !== undefined && isOpen(session.status)) end(scene, session, 'failed', 'superseded');
  }
}

/** What stands in the way of deciding a session now; null: it waits for a decision. */
function undecidable(session: SessionRow): Confirmed | null {
  switch (session.status) {
    case 'pending_confirmation':
      return null;
    case 'created':
    case 'started':
      return { kind: 'unfinished' };
    case 'expired':
      return { kind: 'expired' };
    case 'succeeded':
    case 'rejected':
    case 'denied':
    case 'failed':
      return { kind: 'used' };
  }
}

/** The operator says that whoever is logged in there is the one who finished. One try: a wrong one ends it. */
export function confirm(scene: Scene, request: ConfirmRequest, lifecycle: FlowLifecycle): Answer<Confirmed> {
  const { room, mac, account, nowMs } = scene;
  let promoted = false;
  const answer = room.store.transaction((): Answer<Confirmed> => {
    const row = room.store.flows.sessions(mac).find(({ id }) => id === request.sessionId);
    if (row === undefined) return err({ code: 'not_found' });
    const session = sessionAt(row, nowMs);
    const blocked = undecidable(session);
    if (blocked !== null) return ok(blocked);
    const candidate = room.store.flows.candidates(mac).find(({ sessionId }) => sessionId === session.id);
    if (candidate === undefined) throw new Error('internal: a session awaits a confirmation of nothing');
    const right =
      request.identifier === account.identifier &&
      session.confirmDigest !== null &&
      equalDigests(session.confirmDigest, request.confirmDigest);
    if (!right) {
      end(scene, session, 'refused', 'confirmation_failed');
      recordConfirm(scene, 'confirmation_failed', request.context);
      return ok(decided(scene, { kind: 'failed' }));
    }
    // The account may be somebody else's since: what held when the candidate came is looked at again.
    const judged = judgeArrival(session, account.subject, { ...candidate, label: null }, true);
    if (judged.kind === 'mismatch') {
      endMismatched(scene, session, judged.reason, request.context);
      return ok(decided(scene, { kind: 'mismatch' }));
    }
    const promotion = promote(scene, session, candidate, 'account.confirm', request.context);
    promoted = promotion.kind === 'promoted';
    if (promotion.kind === 'superseded') return ok(decided(scene, { kind: 'used' }));
    if (promotion.kind === 'too_many_grants') return ok(decided(scene, { kind: 'too_many_grants' }));
    return ok(decided(scene, { kind: 'done', session: sessionView(scene, promotion.session) }));
  });
  if (promoted) lifecycle.forgetCredentials();
  room.waiting.changed();
  return answer;
}

/** The rows of a decision are written: timer and index follow in the same transaction. */
function decided(scene: Scene, answer: Confirmed): Confirmed {
  armSessions(scene);
  scene.room.timers.set('index', scene.nowMs);
  return answer;
}

/** The operator refuses, or takes back a link that nobody has finished. */
export function reject(scene: Scene, request: RejectRequest): Answer<Confirmed> {
  const { room, mac, nowMs } = scene;
  const answer = room.store.transaction((): Answer<Confirmed> => {
    const row = room.store.flows.sessions(mac).find(({ id }) => id === request.sessionId);
    if (row === undefined) return err({ code: 'not_found' });
    const session = sessionAt(row, nowMs);
    const blocked = undecidable(session);
    if (blocked !== null && blocked.kind !== 'unfinished') return ok(blocked);
    const ended = end(scene, session, 'refused', 'rejected');
    recordConfirm(scene, 'rejected', request.context);
    return ok(decided(scene, { kind: 'done', session: sessionView(scene, ended) }));
  });
  room.waiting.changed();
  return answer;
}

function recordConfirm(scene: Scene, reason: string, context: RequestContext): void {
  record(
    scene.room,
    scene.account,
    scene.mac,
    { action: 'account.confirm', outcome: 'refused', reason },
    context,
  );
}
