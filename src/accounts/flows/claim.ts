/**
 * The callback: exactly one of the callbacks with its state takes a session; a callback that does not agree with the
 * session ends it. Refuses to call the token endpoint: the callback route that took the session does, with the values
 * that it was given.
 */

import { askedDigest, type Ticket } from '#crypto/connect-secrets.ts';
import { equalDigests } from '#crypto/digest.ts';
import { encryptText } from '#crypto/envelope.ts';
import { verifierPlace } from '#crypto/places.ts';
import { ok } from '#lib/result.ts';
import type { KnownAccount } from '#refresh/exchange/code-exchange.ts';
import type { Answer } from '../stub.ts';
import { repairSessionId, repairVerifier } from './repair-link.ts';
import type { Claimed, ClaimRequest } from './requests.ts';
import { CLAIM_MS, roomForRepair, sameEndpoints, sessionAt, type SessionRow } from './sessions/session.ts';
import {
  armSessions,
  end,
  flowRecord,
  found,
  grantIdOf,
  repairSession,
  sceneOf,
  scopesToRepair,
  sessionView,
  type FlowLifecycle,
  type Scene,
} from './sessions/upkeep.ts';

/**
 * Takes the session for one callback: cookie, connection, issuer and endpoints agree, and no callback was here before.
 * Only after this the token endpoint is called.
 */
export async function claim(
  scene: Scene,
  request: ClaimRequest,
  lifecycle: FlowLifecycle,
): Promise<Answer<Claimed>> {
  const repair = await repairOf(scene, request);
  if (repair === null) return ok(take(scene, request, null));
  // Others may have come while its verifier was encrypted: everything is looked at again.
  const again = await lifecycle.living();
  return again.ok ? ok(take(sceneOf(scene.object, again.value), request, repair)) : again;
}

/** A repair that comes back, whose ticket the account has signed; what is not stored of it yet. */
interface Returning {
  readonly ticket: Ticket;
  readonly verifier: string;
}

/** Null: a stored session, or none at all. */
async function repairOf(scene: Scene, request: ClaimRequest): Promise<Returning | null> {
  const { sessionId, browserDigest, ticket } = request;
  if (ticket == null || !isSigned(scene, request, ticket)) return null;
  const place = verifierPlace(scene.opened.owner, sessionId);
  const plain = repairVerifier(scene.mac, sessionId, browserDigest);
  return { ticket, verifier: await encryptText(scene.opened.key, place, plain) };
}

function isSigned(
  { mac, account }: Scene,
  { sessionId, browserDigest }: ClaimRequest,
  ticket: Ticket,
): boolean {
  const id = repairSessionId(mac, account, browserDigest, ticket);
  return id !== null && equalDigests(id, sessionId);
}

/** The session as it begins to be stored, in the caller's transaction; `unknown`: its incident is over, or it is forged. */
function stored(
  scene: Scene,
  request: ClaimRequest,
  { ticket, verifier }: Returning,
): SessionRow | 'unknown' | 'full' {
  const { object, mac, nowMs } = scene;
  const { settings, frozen, browserDigest } = request;
  if (!isSigned(scene, request, ticket) || settings == null) return 'unknown';
  const others = object.store.flows.sessions(mac).map((row) => sessionAt(row, nowMs));
  const inTheWay = roomForRepair(others, browserDigest);
  if (inTheWay === 'full') return 'full';
  if (inTheWay !== null) end(scene, inTheWay, 'failed', 'superseded');
  const { startedAtMs } = ticket;
  const session = repairSession(scene, request.sessionId, settings, {
    startedAtMs,
    browserDigest,
    verifier,
    // Only the digest of the request is known: where the digest is the same now, so is the request.
    frozen: askedDigest([frozen, scopesToRepair(scene, settings)]) === ticket.asked ? frozen : null,
  });
  const present = sessionAt(session, nowMs);
  object.store.flows.saveSession(mac, present);
  flowRecord(scene, 'ok', 'started', request.context, session.scopes);
  return present;
}

function take(scene: Scene, request: ClaimRequest, repair: Returning | null): Claimed {
  const { object, mac, nowMs, state } = scene;
  return object.store.transaction((): Claimed => {
    const known = found(scene, request.sessionId);
    const session = known ?? (repair === null ? 'unknown' : stored(scene, request, repair));
    if (typeof session === 'string') return { kind: session };
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
    object.store.saveAccount(mac, { ...state.account, generationCounter: generation });
    const deadlineMs = Math.min(session.deadlineMs, nowMs + CLAIM_MS);
    object.store.flows.saveSession(mac, { ...session, claimedAtMs: nowMs, generation, deadlineMs });
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
        accessTokenTtlS: scene.account.accessTokenTtlS,
        known: knownOf(scene),
        variables: scene.account.variables,
      },
    };
  });
}

/** What the answer will be compared with. */
function knownOf({ state, account }: Scene): KnownAccount {
  return {
    subject: account.subject,
    grants: state.grants.map(({ id, generation, captured }) => ({ grantId: id, generation, captured })),
  };
}

/** Mix-up (RFC 9700, 4.4; RFC 9207): the answer belongs to another connection, or to another server than was asked. */
function callbackProblem(scene: Scene, session: SessionRow, request: ClaimRequest): string | null {
  if (request.connection !== scene.account.connection) return 'wrong_connection';
  const { frozen } = session;
  // A repair whose connection says something else by now has nothing to compare an issuer with.
  if (frozen === null) return session.kind === 'repair' ? null : 'wrong_connection';
  if (request.issuer === null) return frozen.issSupported ? 'issuer_missing' : null;
  return frozen.issuer !== null && frozen.issuer !== request.issuer ? 'wrong_issuer' : null;
}
