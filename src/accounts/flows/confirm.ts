/**
 * The operator decides about a session: that the person logged in at the operator's own site is the person who finished
 * it, or that the session is dropped. One transaction each. Refuses to decide twice, and to decide an unfinished
 * session.
 */

import type { RequestContext } from '#audit/record.ts';
import { equalDigests } from '#crypto/digest.ts';
import { err, ok } from '#lib/result.ts';
import { record } from '../account.ts';
import type { Answer } from '../stub.ts';
import { judgeArrival, provenSubject } from './arrival.ts';
import { withCarried, type Carried } from './carry.ts';
import { promote } from './promote.ts';
import type { Confirmed, ConfirmRequest, RejectRequest } from './requests.ts';
import type { CandidateRow } from './sessions/candidate-row.ts';
import { sessionAt, type SessionRow } from './sessions/session.ts';
import {
  armSessions,
  end,
  endMismatched,
  sessionView,
  type FlowLifecycle,
  type Scene,
} from './sessions/upkeep.ts';

/** Why a session cannot be decided now; null: it waits for a decision. */
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

/**
 * The operator says that the person logged in there is the person who finished. One try: a wrong answer ends the
 * session.
 */
export async function confirm(
  scene: Scene,
  request: ConfirmRequest,
  lifecycle: FlowLifecycle,
): Promise<Answer<Confirmed>> {
  const candidate = candidateOf(scene, request.sessionId);
  if (candidate === undefined) return decide(scene, request, lifecycle, null);
  const decision = await withCarried(scene, candidate, (now, carried) =>
    decide(now, request, lifecycle, carried),
  );
  if (decision === 'gone') return err({ code: 'not_found' });
  return decision === 'corrupt' ? err({ code: 'record_corrupt' }) : decision.done;
}

function candidateOf({ object, mac }: Scene, id: string): CandidateRow | undefined {
  return object.store.flows.candidates(mac).find(({ sessionId }) => sessionId === id);
}

function decide(
  scene: Scene,
  request: ConfirmRequest,
  lifecycle: FlowLifecycle,
  carried: Carried | null,
): Answer<Confirmed> {
  const { object, mac, account, nowMs } = scene;
  let promoted = false;
  const answer = object.store.transaction((): Answer<Confirmed> => {
    const row = object.store.flows.sessions(mac).find(({ id }) => id === request.sessionId);
    if (row === undefined) return err({ code: 'not_found' });
    const session = sessionAt(row, nowMs);
    const blocked = undecidable(session);
    if (blocked !== null) return ok(blocked);
    const candidate = candidateOf(scene, session.id);
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
    // The account may belong to another user since: the facts of the candidate's arrival are checked again.
    const judged = judgeArrival(
      session,
      provenSubject(account.subject, [scene.state.settings]),
      { ...candidate, label: null },
      true,
    );
    if (judged.kind === 'mismatch') {
      endMismatched(scene, session, judged.reason, request.context);
      return ok(decided(scene, { kind: 'mismatch' }));
    }
    const promotion = promote(scene, session, candidate, 'account.confirm', request.context, carried);
    promoted = promotion.kind === 'promoted';
    if (promotion.kind === 'superseded') return ok(decided(scene, { kind: 'used' }));
    if (promotion.kind === 'too_many_grants') return ok(decided(scene, { kind: 'too_many_grants' }));
    return ok(decided(scene, { kind: 'done', session: sessionView(scene, promotion.session) }));
  });
  if (promoted) lifecycle.forgetCredentials();
  object.waiting.changed();
  return answer;
}

/** The rows of a decision are written: timer and index follow in the same transaction. */
function decided(scene: Scene, answer: Confirmed): Confirmed {
  armSessions(scene);
  scene.object.timers.set('index', scene.nowMs);
  return answer;
}

/** The operator refuses, or takes back an unfinished link. */
export function reject(scene: Scene, request: RejectRequest): Answer<Confirmed> {
  const { object, mac, nowMs } = scene;
  const answer = object.store.transaction((): Answer<Confirmed> => {
    const row = object.store.flows.sessions(mac).find(({ id }) => id === request.sessionId);
    if (row === undefined) return err({ code: 'not_found' });
    const session = sessionAt(row, nowMs);
    const blocked = undecidable(session);
    if (blocked !== null && blocked.kind !== 'unfinished') return ok(blocked);
    const ended = end(scene, session, 'refused', 'rejected');
    recordConfirm(scene, 'rejected', request.context);
    return ok(decided(scene, { kind: 'done', session: sessionView(scene, ended) }));
  });
  object.waiting.changed();
  return answer;
}

function recordConfirm(scene: Scene, reason: string, context: RequestContext): void {
  record(
    scene.object,
    scene.account,
    scene.mac,
    { action: 'account.confirm', outcome: 'refused', reason },
    context,
  );
}
