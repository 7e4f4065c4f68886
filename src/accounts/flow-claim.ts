/**
 * The callback: a session is taken by one of however many come with its state, or ended where they do not agree. Refuses
 * to call the token endpoint: who has taken it does, with what it was given.
 */

import { equalDigests } from '#crypto/digest.ts';
import type { Claimed, ClaimRequest } from './flow-requests.ts';
import { armSessions, end, flowRecord, found, grantIdOf, sessionView, type Scene } from './flow-sessions.ts';
import { CLAIM_MS, sameEndpoints, type SessionRow } from './session.ts';

/**
 * Takes the session for one callback: cookie, connection, issuer and endpoints agree, and nobody was here before. Only
 * after this the token endpoint is called.
 */
export function claim(scene: Scene, request: ClaimRequest): Claimed {
  const { room, mac, nowMs, state } = scene;
  return room.store.transaction((): Claimed => {
    const session = found(scene, request.sessionId);
    if (session === null) return { kind: 'unknown' };
    if (session.browserDigest === null || !equalDigests(session.browserDigest, request.browserDigest))
      return { kind: 'wrong_browser' };
    if (session.status === 'expired') return { kind: 'expired', session: sessionView(scene, session) };
    if (session.status !== 'started' || session.claimedAtMs !== null) {
      const running = session.status === 'started';
      return { kind: 'already', session: sessionView(scene, session), running };
    }
    const refused = callbackProblem(scene, session, request);
    if (refused !== null) {
      end(scene, session, 'failed', refused);
      flowRecord(scene, 'refused', refused, request.context);
      armSessions(scene);
      return { kind: 'invalid' };
    }
    const changed = !sameEndpoints(session.frozen, request.frozen);
    if (changed || request.error !== null) {
      const denied = !changed && request.error === 'access_denied';
      const reason = changed ? 'connection_changed' : denied ? 'access_denied' : 'provider_error';
      const ended = end(scene, session, denied ? 'denied' : 'failed', reason);
      flowRecord(scene, denied ? 'refused' : 'failed', reason, request.context, null, request.error);
      armSessions(scene);
      return { kind: 'ended', session: sessionView(scene, ended) };
    }
    const generation = scene.account.generationCounter + 1;
    room.store.saveAccount(mac, { ...state.account, generationCounter: generation });
    const deadlineMs = Math.min(session.deadlineMs, nowMs + CLAIM_MS);
    room.store.flows.saveSession(mac, { ...session, claimedAtMs: nowMs, generation, deadlineMs });
    armSessions(scene);
    return {
      kind: 'exchange',
      claim: {
        accountId: scene.account.accountId,
        organization: scene.account.organization,
        incarnation: scene.account.incarnation,
        identifier: scene.account.identifier,
        dataKey: scene.account.dataKey,
        sessionId: session.id,
        verifier: session.verifier ?? '',
        grantId: grantIdOf(generation),
        generation,
        redirectUri: session.frozen?.redirectUri ?? '',
        scopes: session.scopes,
        variables: scene.account.variables,
      },
    };
  });
}

/** Mix-up (RFC 9700, 4.4; RFC 9207): the answer belongs to another connection, or to another server than was asked. */
function callbackProblem(scene: Scene, session: SessionRow, request: ClaimRequest): string | null {
  if (request.connection !== scene.account.connection) return 'wrong_connection';
  const { frozen } = session;
  if (frozen === null) return 'wrong_connection';
  if (request.issuer === null) return frozen.issSupported ? 'issuer_missing' : null;
  return frozen.issuer !== null && frozen.issuer !== request.issuer ? 'wrong_issuer' : null;
}
