/**
 * The account's side of connect flows: one question, answered from rows that are intact, and the opening of a session.
 * The link in a browser is `start.ts`'s, the callback `claim.ts`'s, the provider's answer `finish.ts`'s,
 * the operator's decision `confirm.ts`'s.
 *
 * A session lives in this object and not in the directory: the first callback takes it in a transaction, so that fifty
 * callbacks at once make one token call, and a promotion is one with its event and its record.
 */

import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { openingScopes } from '#providers/scopes/scopes.ts';
import { err, ok } from '#lib/result.ts';
import type { Account } from '../account.ts';
import { hasEnded, takeLateGrant } from '../ending/late-grant.ts';
import { authentic } from '../life/living.ts';
import { askSubjectSoon } from '../life/subject.ts';
import { claim } from './claim.ts';
import { confirm, reject } from './confirm.ts';
import { arrive } from './finish.ts';
import type { FlowAnswer, FlowRequest, Opened, OpenRequest } from './requests.ts';
import { MAX_GRANTS, roomForLink, sessionAt, type SessionRow } from './sessions/session.ts';
import {
  armSessions,
  end,
  flowRecord,
  found,
  sceneOf,
  sessionView,
  type FlowLifecycle,
  type Scene,
} from './sessions/upkeep.ts';
import { look, start } from './start.ts';

/** One question of the flow. Expected outcomes are values. */
export async function answerFlow(
  object: Account,
  lifecycle: FlowLifecycle,
  request: FlowRequest,
): Promise<FlowAnswer> {
  if (request.do === 'arrive' && hasEnded(object, request.incarnation))
    return err({ code: await takeLateGrant(object, request) });
  const living = await lifecycle.living();
  if (!living.ok) return living;
  const scene = sceneOf(object, living.value);
  const organization = 'organization' in request ? request.organization : null;
  if (organization !== null && scene.account.organization !== organization) return err({ code: 'not_found' });
  // Read before anything is decided: a row that was changed is no state to decide from.
  const intact = authentic(() => [
    object.store.flows.sessions(scene.mac),
    object.store.flows.candidates(scene.mac),
  ]);
  return intact.ok ? answer(scene, request, lifecycle) : intact;
}

async function answer(scene: Scene, request: FlowRequest, lifecycle: FlowLifecycle): Promise<FlowAnswer> {
  switch (request.do) {
    case 'open':
      return ok(open(scene, request));
    case 'look':
      return ok(look(scene, request));
    case 'start':
      return start(scene, request, lifecycle);
    case 'claim':
      return claim(scene, request, lifecycle);
    case 'arrive':
      return arrive(scene, request, lifecycle);
    case 'show': {
      const session = found(scene, request.sessionId);
      return session === null ? err({ code: 'not_found' }) : ok(sessionView(scene, session));
    }
    case 'confirm':
      return confirm(scene, request, lifecycle);
    case 'reject':
      return reject(scene, request);
  }
}

function open(scene: Scene, request: OpenRequest): Opened {
  const { object, mac, state, nowMs } = scene;
  const names = request.expectedSubject !== null || request.expectedEmail !== null;
  if (request.verification === 'subject' && !names && scene.account.subject === null)
    return { kind: 'nobody_expected' };
  const scopes = request.scopes ?? request.settings.scopes;
  const facts = scopeFactsOf(request.settings);
  const covered = state.grants.some(
    (grant) =>
      grant.scopes === null || openingScopes(facts, grant.scopes).every((one) => scopes.includes(one)),
  );
  if (state.grants.length >= MAX_GRANTS && !covered) return { kind: 'too_many_grants' };
  const session: SessionRow = {
    id: request.sessionId,
    kind: 'link',
    status: 'created',
    reason: null,
    linkDigest: request.linkDigest,
    scopes,
    verification: request.verification,
    expectedSubject: request.expectedSubject,
    expectedEmail: request.expectedEmail,
    allowSubjectChange: request.allowSubjectChange,
    returnUrl: request.returnUrl,
    createdAtMs: nowMs,
    startedAtMs: null,
    claimedAtMs: null,
    endedAtMs: null,
    deadlineMs: nowMs + request.lifeMs,
    browserDigest: null,
    verifier: null,
    frozen: null,
    generation: null,
    confirmDigest: null,
    subject: null,
    subjectLabel: null,
    granted: null,
    mismatch: null,
    reconnected: false,
  };
  return object.store.transaction(() => {
    const sessions = object.store.flows.sessions(mac).map((row) => sessionAt(row, nowMs));
    const inTheWay = roomForLink(sessions);
    if (inTheWay === 'full') return { kind: 'full' };
    if (inTheWay !== null) end(scene, inTheWay, 'lapsed', 'superseded');
    object.store.flows.saveSession(mac, session);
    flowRecord(scene, 'ok', 'link_created', request.context, scopes);
    askSubjectSoon(object, state);
    armSessions(scene);
    return { kind: 'done', expiresAtMs: session.deadlineMs };
  });
}
