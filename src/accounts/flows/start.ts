/**
 * A link in a browser: how it is proved, what its page shows, and the start of its session in exactly one browser.
 * Refuses to read what comes back from the provider: that is the callback's (`claim.ts`).
 */

import { askedDigest, challengeOf, newVerifier } from '#crypto/connect-secrets.ts';
import { equalDigests } from '#crypto/digest.ts';
import { decryptText, encryptText } from '#crypto/envelope.ts';
import { verifierPlace } from '#crypto/places.ts';
import { err, ok } from '#lib/result.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { openingScopes, statedScopes, withImplied } from '#providers/scopes/scopes.ts';
import type { Answer } from '../stub.ts';
import { checkRepairToken, repairSessionId, repairVerifier } from './repair-link.ts';
import type { Back, LinkProof, Looked, LookRequest, Started, StartRequest } from './requests.ts';
import { FLOW_MS, isOpen, moved, sameEndpoints, type SessionRow } from './sessions/session.ts';
import {
  armSessions,
  flowRecord,
  found,
  sceneOf,
  scopesToRepair,
  type FlowLifecycle,
  type Scene,
} from './sessions/upkeep.ts';

type Proved =
  | { readonly kind: 'session'; readonly session: SessionRow }
  | { readonly kind: 'repair' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'repair_over'; readonly repaired: boolean; readonly back: Back };

function prove(scene: Scene, proof: LinkProof): Proved {
  if (proof.kind === 'link') {
    const session = found(scene, proof.sessionId);
    const fits = session?.linkDigest != null && equalDigests(session.linkDigest, proof.digest);
    return session !== null && fits ? { kind: 'session', session } : { kind: 'unknown' };
  }
  const checked = checkRepairToken(scene.mac, scene.account, proof.token, scene.nowMs);
  if (checked === 'forged') return { kind: 'unknown' };
  if (checked === 'good') return { kind: 'repair' };
  return {
    kind: 'repair_over',
    repaired: scene.account.status === 'active',
    back: backOf(scene, null),
  };
}

const backOf = ({ account }: Scene, returnUrl: string | null): Back => ({
  connection: account.connection,
  returnUrl,
});

/** A link whose session is begun or over. */
function overOf(scene: Scene, { startedAtMs, returnUrl }: SessionRow) {
  const kind = startedAtMs === null ? ('expired' as const) : ('used' as const);
  return { kind, back: backOf(scene, returnUrl) };
}

/** What the page of a link says. Uses nothing up. */
export function look(scene: Scene, request: LookRequest): Looked {
  const proved = prove(scene, request.proof);
  if (proved.kind === 'unknown' || proved.kind === 'repair_over') return proved;
  const { account, state } = scene;
  const session = proved.kind === 'session' ? proved.session : null;
  if (session !== null && !isOpen(session.status)) return overOf(scene, session);
  const isMine = sessionToGoOnWith(proved, request.browserDigest) !== null;
  if (session !== null && session.status !== 'created' && !isMine)
    return { kind: 'used', back: backOf(scene, session.returnUrl) };
  const scopes = session === null ? scopesToRepair(scene, state.settings) : session.scopes;
  const facts = scopeFactsOf(state.settings);
  const granted = statedScopes(
    facts,
    state.grants.flatMap((grant) => grant.scopes ?? []),
  );
  // A scope that no answer ever states, or that a wider one stands for, is no news to the user.
  const had = new Set(withImplied(facts, granted));
  const isNews = (scope: string): boolean => openingScopes(facts, [scope]).some((one) => !had.has(one));
  const changes = session?.allowSubjectChange === true;
  return {
    kind: 'start',
    purpose:
      session === null && account.status !== 'pending'
        ? 'repair'
        : state.grants.length === 0
          ? 'connect'
          : scopes.some(isNews)
            ? 'upgrade'
            : 'reconnect',
    connection: account.connection,
    organization: account.organization,
    scopes,
    granted: scopes.filter((scope) => !isNews(scope)),
    subjectLabel: changes || state.grants.length === 0 ? null : account.subjectLabel,
    expiresAtMs: session?.deadlineMs ?? null,
    settings: state.settings,
  };
}

/** Binds the flow to one browser and uses the link up. The same browser may come again until its callback. */
export async function start(
  scene: Scene,
  request: StartRequest,
  lifecycle: FlowLifecycle,
): Promise<Answer<Started>> {
  const proved = prove(scene, request.proof);
  if (proved.kind === 'unknown' || proved.kind === 'repair_over') return ok(proved);
  if (proved.kind === 'repair') return ok(startRepair(scene, request));
  const begun = sessionToGoOnWith(proved, request.browserDigest);
  if (begun !== null) return resume(scene, begun, request);
  const { session } = proved;
  if (session.status !== 'created') return ok(overOf(scene, session));
  const verifier = newVerifier();
  const place = verifierPlace(scene.opened.owner, session.id);
  const encrypted = await encryptText(scene.opened.key, place, verifier);
  // Others may have come while it was encrypted: everything is looked at again.
  const again = await lifecycle.living();
  if (!again.ok) return again;
  const now = sceneOf(scene.object, again.value);
  return now.object.store.transaction(() => ok(bind(now, request, { verifier, encrypted })));
}

/** Uses the link up for one browser, if it still may be. Inside a transaction. */
function bind(
  scene: Scene,
  request: StartRequest,
  { verifier, encrypted }: { readonly verifier: string; readonly encrypted: string },
): Started {
  const { object, mac, nowMs } = scene;
  const still = prove(scene, request.proof);
  if (still.kind !== 'session') return { kind: 'unknown' };
  const bound = moved(still.session, 'begun', {
    nowMs,
    reason: null,
    startedAtMs: nowMs,
    deadlineMs: nowMs + FLOW_MS,
    browserDigest: request.browserDigest,
    verifier: encrypted,
    frozen: request.frozen,
  });
  if (bound === null) return overOf(scene, still.session);
  const over = tooOften(scene, request, bound.id, false);
  if (over !== null) return over;
  object.store.flows.saveSession(mac, bound);
  flowRecord(scene, 'ok', 'started', request.context, bound.scopes);
  armSessions(scene);
  return goes(scene, bound, verifier);
}

/** Why this opening would be one call of the provider too many; null: it is not, and is counted. */
function tooOften(
  { object, nowMs }: Scene,
  { settings }: StartRequest,
  session: string,
  isRepair: boolean,
): Extract<Started, { kind: 'too_often' }> | null {
  // Of these two flows the provider is called before the browser is sent to it.
  if (settings.descriptor.server?.par_required !== true && settings.authType !== 'oauth1') return null;
  const waitMs = object.openings.take(session, isRepair, nowMs);
  return waitMs > 0 ? { kind: 'too_often', retryAfterS: Math.ceil(waitMs / 1000) } : null;
}

/** Two clicks within it lead to the same place. */
const SAME_PLACE_MS = 60_000;

/**
 * A repair that begins changes nothing here: the values that its callback needs go with the browser, signed. So the
 * link's holders, however many, fill no table, end no other repair and keep no link of the operator's out.
 */
function startRepair(scene: Scene, request: StartRequest): Started {
  const { browserDigest, settings, frozen } = request;
  const { object, mac, account, nowMs } = scene;
  const scopes = scopesToRepair(scene, settings);
  const asked = askedDigest([frozen, scopes]);
  const used = new Set(object.store.flows.sessions(mac).map(({ id }) => id));
  let startedAtMs = nowMs - (nowMs % SAME_PLACE_MS);
  let id = repairSessionId(mac, account, browserDigest, { startedAtMs, asked });
  // A browser that has come back once begins anew.
  while (id !== null && used.has(id)) {
    startedAtMs += 1;
    id = repairSessionId(mac, account, browserDigest, { startedAtMs, asked });
  }
  if (id === null) return { kind: 'unknown' };
  const over = tooOften(scene, request, browserDigest, true);
  if (over !== null) return over;
  return {
    kind: 'go',
    sessionId: id,
    accountId: account.accountId,
    organization: account.organization,
    challenge: challengeOf(repairVerifier(mac, id, browserDigest)),
    scopes,
    loginHint: scene.state.grants.length > 0 ? account.subjectLabel : null,
    ticket: { accountId: account.accountId, startedAtMs, asked },
  };
}

/** The link's session, where this very browser has begun it and not come back with it. */
function sessionToGoOnWith(proved: Proved, browserDigest: string): SessionRow | null {
  if (proved.kind !== 'session') return null;
  const { session } = proved;
  const isMine =
    session.status === 'started' &&
    session.claimedAtMs === null &&
    session.browserDigest !== null &&
    equalDigests(session.browserDigest, browserDigest);
  return isMine ? session : null;
}

async function resume(scene: Scene, session: SessionRow, request: StartRequest): Promise<Answer<Started>> {
  if (!sameEndpoints(session.frozen, request.frozen)) return ok({ kind: 'changed' });
  const over = tooOften(scene, request, session.id, false);
  if (over !== null) return ok(over);
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
    ticket: null,
  };
}
