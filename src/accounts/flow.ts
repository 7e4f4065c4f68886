/**
 * The account's side of connect flows up to the provider's answer: opening a session, showing it, starting it in one
 * browser, and giving it to the one callback that may redeem the code. What becomes of the answer is `flow-finish.ts`'s.
 *
 * A session lives in this object and not in the directory: whoever comes first takes it in a transaction, so that fifty
 * callbacks at once make one token call, and a promotion is one with its event and its record.
 */

import { challengeOf, newVerifier } from '#crypto/connect-secrets.ts';
import { equalDigests } from '#crypto/digest.ts';
import { decryptText, encryptText } from '#crypto/envelope.ts';
import { verifierPlace } from '#crypto/places.ts';
import { err, ok } from '#lib/result.ts';
import { arrive, confirm, reject } from './flow-finish.ts';
import type {
  Claimed,
  ClaimRequest,
  FlowAnswer,
  FlowRequest,
  LinkProof,
  Looked,
  LookRequest,
  Opened,
  OpenRequest,
  Started,
  StartRequest,
} from './flow-requests.ts';
import {
  armSessions,
  end,
  flowRecord,
  grantIdOf,
  repairSession,
  scopesToRepair,
  sessionView,
  type FlowLifecycle,
  type Scene,
} from './flow-sessions.ts';
import { authentic, type Living } from './living.ts';
import { hasEnded, takeLateGrant } from './late-grant.ts';
import { checkRepairToken } from './repair-link.ts';
import type { Room } from './room.ts';
import {
  CLAIM_MS,
  FLOW_MS,
  isOpen,
  MAX_GRANTS,
  moved,
  roomForOne,
  sessionAt,
  type Frozen,
  type SessionRow,
} from './session.ts';
import type { Answer } from './stub.ts';
import { askSubjectSoon } from './subject.ts';

/** One question of the flow. Expected outcomes are values. */
export async function answerFlow(
  room: Room,
  lifecycle: FlowLifecycle,
  request: FlowRequest,
): Promise<FlowAnswer> {
  if (request.do === 'arrive' && hasEnded(room, request.incarnation))
    return err({ code: await takeLateGrant(room, request) });
  const living = await lifecycle.living();
  if (!living.ok) return living;
  const scene = sceneOf(room, living.value);
  const organization = 'organization' in request ? request.organization : null;
  if (organization !== null && scene.account.organization !== organization) return err({ code: 'not_found' });
  // Read before anything is decided: a row that was changed is no state to decide from.
  const intact = authentic(() => [
    room.store.flows.sessions(scene.mac),
    room.store.flows.candidates(scene.mac),
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
      return ok(claim(scene, request));
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

function sceneOf(room: Room, { opened, state }: Living): Scene {
  return { room, opened, mac: opened.key.mac, state, account: state.account, nowMs: room.now() };
}

/** The session as it is now, or null. */
function found({ room, mac, nowMs }: Scene, sessionId: string): SessionRow | null {
  const row = room.store.flows.sessions(mac).find(({ id }) => id === sessionId);
  return row === undefined ? null : sessionAt(row, nowMs);
}

function open(scene: Scene, request: OpenRequest): Opened {
  const { room, mac, state, nowMs } = scene;
  const names = request.expectedSubject !== null || request.expectedEmail !== null;
  if (request.verification === 'subject' && !names && scene.account.subject === null)
    return { kind: 'nobody_expected' };
  const scopes = request.scopes ?? request.settings.scopes;
  const covered = state.grants.some(
    (grant) => grant.scopes === null || grant.scopes.every((one) => scopes.includes(one)),
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
  return room.store.transaction(() => {
    const sessions = room.store.flows.sessions(mac).map((row) => sessionAt(row, nowMs));
    const inTheWay = roomForOne(sessions, 'link');
    if (inTheWay === 'full') return { kind: 'full' };
    if (inTheWay !== null) end(scene, inTheWay, 'lapsed', 'superseded');
    room.store.flows.saveSession(mac, session);
    flowRecord(scene, 'ok', 'link_created', request.context, scopes);
    askSubjectSoon(room, state);
    armSessions(scene);
    return { kind: 'done', expiresAtMs: session.deadlineMs };
  });
}

type Proved =
  | { readonly kind: 'session'; readonly session: SessionRow }
  | { readonly kind: 'repair' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'repair_over'; readonly repaired: boolean };

function prove(scene: Scene, proof: LinkProof): Proved {
  if (proof.kind === 'link') {
    const session = found(scene, proof.sessionId);
    const fits = session?.linkDigest != null && equalDigests(session.linkDigest, proof.digest);
    return session !== null && fits ? { kind: 'session', session } : { kind: 'unknown' };
  }
  const checked = checkRepairToken(scene.mac, scene.account, proof.token, scene.nowMs);
  if (checked === 'forged') return { kind: 'unknown' };
  if (checked === 'good') return { kind: 'repair' };
  return { kind: 'repair_over', repaired: scene.account.status === 'active' };
}

function look(scene: Scene, request: LookRequest): Looked {
  const proved = prove(scene, request.proof);
  if (proved.kind === 'unknown' || proved.kind === 'repair_over') return proved;
  const { account, state } = scene;
  const session = proved.kind === 'session' ? proved.session : null;
  if (session !== null && !isOpen(session.status))
    return { kind: session.startedAtMs === null ? 'expired' : 'used' };
  const isMine =
    proved.kind === 'session' && sessionToGoOnWith(scene, proved, request.browserDigest) !== null;
  if (session !== null && session.status !== 'created' && !isMine) return { kind: 'used' };
  const scopes = session === null ? scopesToRepair(scene, state.settings) : session.scopes;
  const granted = [...new Set(state.grants.flatMap((grant) => grant.scopes ?? []))];
  const changes = session?.allowSubjectChange === true;
  return {
    kind: 'start',
    purpose:
      session === null
        ? 'repair'
        : state.grants.length === 0
          ? 'connect'
          : scopes.some((scope) => !granted.includes(scope))
            ? 'upgrade'
            : 'reconnect',
    connection: account.connection,
    organization: account.organization,
    scopes,
    granted,
    subjectLabel: changes || state.grants.length === 0 ? null : account.subjectLabel,
    expiresAtMs: session?.deadlineMs ?? null,
    settings: state.settings,
  };
}

/** Binds the flow to one browser and uses the link up. The same browser may come again until its callback. */
async function start(
  scene: Scene,
  request: StartRequest,
  lifecycle: FlowLifecycle,
): Promise<Answer<Started>> {
  const proved = prove(scene, request.proof);
  if (proved.kind === 'unknown' || proved.kind === 'repair_over') return ok(proved);
  const begun = sessionToGoOnWith(scene, proved, request.browserDigest);
  if (begun !== null) return resume(scene, begun, request.frozen);
  const fresh =
    proved.kind === 'session' ? proved.session : repairSession(scene, request.sessionId, request.settings);
  if (fresh.status !== 'created') return ok({ kind: fresh.startedAtMs === null ? 'expired' : 'used' });
  const verifier = newVerifier();
  const place = verifierPlace(scene.opened.owner, fresh.id);
  const encrypted = await encryptText(scene.opened.key, place, verifier);
  // Others may have come while it was encrypted: everything is looked at again.
  const again = await lifecycle.living();
  if (!again.ok) return again;
  const now = sceneOf(scene.room, again.value);
  return now.room.store.transaction((): Answer<Started> => {
    const still = prove(now, request.proof);
    if (still.kind === 'unknown' || still.kind === 'repair_over') return ok(still);
    const present = still.kind === 'session' ? still.session : fresh;
    const others = now.room.store.flows.sessions(now.mac).map((row) => sessionAt(row, now.nowMs));
    const inTheWay = still.kind === 'repair' ? roomForOne(others, 'repair') : null;
    if (inTheWay === 'full') return ok({ kind: 'full' });
    const bound = moved(present, 'begun', {
      nowMs: now.nowMs,
      reason: null,
      startedAtMs: now.nowMs,
      deadlineMs: now.nowMs + FLOW_MS,
      browserDigest: request.browserDigest,
      verifier: encrypted,
      frozen: request.frozen,
    });
    if (bound === null) return ok({ kind: present.startedAtMs === null ? 'expired' : 'used' });
    if (inTheWay !== null) end(now, inTheWay, 'failed', 'superseded');
    now.room.store.flows.saveSession(now.mac, bound);
    flowRecord(now, 'ok', 'started', request.context, bound.scopes);
    armSessions(now);
    return ok(goes(now, bound, verifier));
  });
}

/** The session that this very browser has begun and not come back with. */
function sessionToGoOnWith(scene: Scene, proved: Proved, browserDigest: string): SessionRow | null {
  const candidates =
    proved.kind === 'session'
      ? [proved.session]
      : scene.room.store.flows
          .sessions(scene.mac)
          .map((row) => sessionAt(row, scene.nowMs))
          .filter((row) => row.kind === 'repair');
  return (
    candidates.find(
      (row) =>
        row.status === 'started' &&
        row.claimedAtMs === null &&
        row.browserDigest !== null &&
        equalDigests(row.browserDigest, browserDigest),
    ) ?? null
  );
}

async function resume(scene: Scene, session: SessionRow, frozen: Frozen): Promise<Answer<Started>> {
  if (!sameEndpoints(session.frozen, frozen)) return ok({ kind: 'changed' });
  const place = verifierPlace(scene.opened.owner, session.id);
  const verifier = await decryptText(scene.opened.key, place, session.verifier ?? '');
  return verifier.ok ? ok(goes(scene, session, verifier.value)) : err(verifier.error);
}

function goes(scene: Scene, session: SessionRow, verifier: string): Started {
  const { account, state } = scene;
  const hint = state.grants.length > 0 && !session.allowSubjectChange ? account.subjectLabel : null;
  return {
    kind: 'go',
    sessionId: session.id,
    accountId: account.accountId,
    organization: account.organization,
    challenge: challengeOf(verifier),
    scopes: session.scopes,
    loginHint: session.expectedEmail ?? hint,
    createdAtMs: session.createdAtMs,
  };
}

/** Whether a connection still says what it said when the flow began. */
export function sameEndpoints(one: Frozen | null, other: Frozen | null): boolean {
  if (one === null || other === null) return false;
  return (Object.keys(one) as (keyof Frozen)[]).every((name) => one[name] === other[name]);
}

/**
 * Takes the session for one callback: cookie, connection, issuer and endpoints agree, and nobody was here before. Only
 * after this the token endpoint is called.
 */
function claim(scene: Scene, request: ClaimRequest): Claimed {
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
