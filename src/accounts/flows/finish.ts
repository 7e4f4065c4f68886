/**
 * What becomes of the provider's answer: a grant that is used at once, a candidate that waits for the operator, or
 * nothing. One transaction; a refused answer leaves the account as it was.
 */

import { err, ok } from '#lib/result.ts';
import { clientOf, newest, sharedOf } from '#providers/clients.ts';
import { refreshTokenLifeOf } from '#providers/rotation.ts';
import type { CodeFinding } from '#refresh/exchange/code-exchange.ts';
import { NOBODY_YET } from '#refresh/refused-token.ts';
import { takeLateGrant } from '../ending/late-grant.ts';
import { revokeLater } from '../ending/revocation.ts';
import { tellConfirmationRequired } from '../life/events.ts';
import { idleEndMs } from '../refreshing/plan.ts';
import { endpointOf } from '../refreshing/provider/token-check.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { Answer } from '../stub.ts';
import { judgeArrival, provenSubject } from './arrival.ts';
import { withCarried, type Carried } from './carry.ts';
import { promote } from './promote.ts';
import type { ArriveRequest, SessionView } from './requests.ts';
import type { CandidateRow } from './sessions/candidate-row.ts';
import { CONFIRM_MS, isOpen, moved, sessionAt, type SessionRow } from './sessions/session.ts';
import {
  armSessions,
  end,
  endMismatched,
  flowRecord,
  grantIdOf,
  sessionView,
  type FlowLifecycle,
  type Scene,
} from './sessions/upkeep.ts';

/** Stores what the exchange found. Twice is once: the callback may not have heard that it was stored. */
export async function arrive(
  scene: Scene,
  request: ArriveRequest,
  lifecycle: FlowLifecycle,
): Promise<Answer<SessionView>> {
  const candidate = candidateOf(scene.account, request);
  if (candidate === null) return storeArrival(scene, request, lifecycle, null, null);
  const stored = await withCarried(scene, candidate, (now, carried) =>
    storeArrival(now, request, lifecycle, candidate, carried),
  );
  if (stored === 'gone') return err({ code: await takeLateGrant(scene.object, request) });
  return stored === 'corrupt' ? err({ code: 'record_corrupt' }) : stored.done;
}

/** The candidate that is stored for a good answer; null where the answer was not good. */
function candidateOf(account: AccountRow, request: ArriveRequest): CandidateRow | null {
  const { finding, settings, sessionId, generation } = request;
  if (finding.kind === 'failed') return null;
  const { subject, label, email, emailVerified } = finding.identity;
  const acceptedAt = finding.userinfo === true ? endpointOf({ account, settings }) : null;
  const grant = { ...grantOf(finding, settings, generation), acceptedAt };
  return { sessionId, grant, subject, subjectLabel: label, email, emailVerified };
}

function storeArrival(
  scene: Scene,
  request: ArriveRequest,
  lifecycle: FlowLifecycle,
  candidate: CandidateRow | null,
  carried: Carried | null,
): Answer<SessionView> {
  const { object, mac, nowMs } = scene;
  let promoted = false;
  const answer = object.store.transaction((): Answer<SessionView> => {
    const row = object.store.flows.sessions(mac).find(({ id }) => id === request.sessionId);
    if (row === undefined || scene.account.incarnation !== request.incarnation)
      return err({ code: 'not_found' });
    // A session that was claimed in time may come home a little late; a session that has ended meanwhile stays ended.
    if (row.status !== 'started' || row.generation !== request.generation) {
      revokeLate(scene, row, request);
      return ok(sessionView(scene, sessionAt(row, nowMs)));
    }
    const session = settleArrival(scene, row, request, candidate, carried);
    promoted = session.status === 'succeeded';
    armSessions(scene);
    return ok(sessionView({ ...scene, account: object.store.state(mac)?.account ?? scene.account }, session));
  });
  if (promoted) lifecycle.forgetCredentials();
  object.waiting.changed();
  return answer;
}

/** A grant that comes home to a session that has ended, e.g. because the account was revoked meanwhile. */
function revokeLate({ object, mac, account }: Scene, session: SessionRow, request: ArriveRequest): void {
  const { finding, settings, generation } = request;
  const came = finding.kind === 'granted' && session.generation === generation;
  // A grant whose session succeeded or still waits is stored already: this is only its second message.
  if (!came || isOpen(session.status) || session.status === 'succeeded') return;
  const grant = grantOf(finding, settings, generation);
  const { subject } = finding.identity;
  revokeLater(object, mac, { account, settings, grant, subject, cause: 'came_too_late' });
}

function settleArrival(
  scene: Scene,
  session: SessionRow,
  request: ArriveRequest,
  candidate: CandidateRow | null,
  carried: Carried | null,
): SessionRow {
  const { object, mac, state, account, nowMs } = scene;
  const { finding, context, settings } = request;
  if (finding.kind === 'failed' || candidate === null) {
    if (finding.kind !== 'failed') throw new Error('internal: a good answer without its candidate');
    flowRecord(scene, 'failed', finding.reason, context, null, finding.providerError);
    return end(scene, session, 'failed', finding.reason);
  }
  const { identity } = finding;
  const told = {
    subject: identity.subject,
    subjectLabel: identity.label,
    granted: finding.tokens.scopes,
    warnings: warningsOf(finding, candidate, carried),
  };
  const judged = judgeArrival(
    session,
    provenSubject(account.subject, [state.settings, settings]),
    identity,
    object.config.allowUnverifiedLinks,
    changesValues(state, finding),
  );
  if (judged.kind === 'mismatch') {
    revokeLater(object, mac, { account, settings, ...candidate, cause: 'candidate_refused' });
    return endMismatched(scene, session, judged.reason, context, told);
  }
  object.store.saveSettings(mac, newest(sharedOf(settings), state.settings));
  if (judged.kind === 'promote') {
    const promotion = promote(scene, { ...session, ...told }, candidate, 'account.connect', context, carried);
    if (promotion.kind !== 'promoted')
      revokeLater(object, mac, { account, settings, ...candidate, cause: 'candidate_refused' });
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
  object.store.flows.saveSession(mac, waiting);
  object.store.flows.saveCandidate(mac, candidate);
  flowRecord(scene, 'ok', 'confirmation_required', context, finding.tokens.scopes);
  tellConfirmationRequired(object, mac, account, session.id, identity.label);
  object.timers.set('index', nowMs);
  return waiting;
}

/**
 * Did the browser bring a value that the account works with otherwise? A grant that came since the comparison was not
 * compared, so it counts as another value.
 */
function changesValues({ grants }: AccountState, { callback }: Granted): boolean {
  if (callback === undefined) return false;
  return callback.changed || (callback.brought && grants.some(({ id }) => !callback.grantIds.includes(id)));
}

/** What the operator should know although it went well. */
function warningsOf(finding: Granted, { grant }: CandidateRow, carried: Carried | null): readonly string[] {
  const ends = !grant.hasRefreshToken && grant.accessExpiresAtMs !== null;
  const without = 'refresh_token: none came along';
  return [
    ...(finding.warnings ?? []),
    ...(carried !== null ? [`${without}, the one of the earlier consent goes on`] : []),
    ...(carried === null && ends ? [`${without}, so this grant ends with its access token`] : []),
  ];
}

type Granted = Extract<CodeFinding, { kind: 'granted' }>;

/** The grant that the answer makes. Lifetimes count from when the request left. */
function grantOf(finding: Granted, settings: ConnectionSettings, generation: number): GrantRow {
  const { tokens, sentAtMs } = finding;
  const refreshLifeMs = tokens.refreshLifetimeMs ?? refreshTokenLifeOf(settings.descriptor).absoluteMs;
  const renews = tokens.refreshToken !== null;
  return {
    id: grantIdOf(generation),
    generation,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    staticFields: tokens.staticFields ?? null,
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
    holders: NOBODY_YET,
    client: clientOf(settings),
    captured: tokens.captured,
  };
}
