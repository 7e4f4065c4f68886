/**
 * One request at the door, decided from the rows inside the transaction that releases. Synchronous: a value that memory
 * does not hold yet is named as the next step, and the caller comes back. How a request ends, with the record of it, is
 * in `outcomes.ts`.
 */

import { isRenewedType } from '#contract/machine/kinds.ts';
import { decideAtDoor1, decideAtDoor2, WALLS, type Door2Decision } from '#policy/decide.ts';
import { decideForNeeds, needsOf, serves } from '#policy/needs.ts';
import { mayConnect } from '#policy/reach.ts';
import { isListing, type PolicyRequest } from '#policy/request.ts';
import { scopeKeyOf } from '#providers/scopes/scopes.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import { decideServe } from '#refresh/serve.ts';
import type { Account } from '../account.ts';
import { holdForApproval } from '../approvals/gate.ts';
import { deletedRefusal, isBehind, proxyOnlyRefusal } from '../ending/cut-offs.ts';
import { revokedRefusal, withoutCut } from '../ending/matched.ts';
import { connectUrl, reauthUrl } from '../flows/repair-link.ts';
import { canNarrow, narrowedOf, narrowsTooOften, servableGrants, shownAs } from '../refreshing/narrowing.ts';
import { withoutOwnWait } from '../refreshing/plan.ts';
import { degrade } from '../refreshing/settle/settle.ts';
import { DECLARED_END } from '../refreshing/usable.ts';
import type { GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';
import { CURRENT_TOKEN, type DoorRequest, type Refusal, type ReleaseResult } from './answer.ts';
import type { OpenedCredentials } from './opened.ts';
import { ended, handOut, isClientRefused, noToken, refuse, unavailable, wall } from './outcomes.ts';
import { otherProvider, policyRefusal, sealRefusal, signedRefusal, statusRefusal } from './refusals.ts';
import { decideRejectedToken, noteRefused, noteUnreported } from './rejected.ts';
import { askedOf, offeredAsAsked, offeredOf, type Offered, scopesNamedBy } from './scopes.ts';
import { isInFlight, useOf, type Round, type Scene, type Step, type Wanted } from './step.ts';

/** Less than a second: the credential is still on its way then. */
const PROOF_MS = 950;
/** Of a Worker that does not say how old its proof is: it was at most 750 ms. */
const HELD_MS = 200;

/** Is the agent's proof so old that nothing may leave on it? Also where the clock has gone back behind it. */
function isStale({ startedAtMs, provedAtMs }: Round, nowMs: number): boolean {
  if (provedAtMs === null) return Math.abs(nowMs - startedAtMs) > HELD_MS;
  const ageMs = nowMs - provedAtMs;
  return ageMs < 0 || ageMs > PROOF_MS;
}

/**
 * The next step of this request: done, with its record written, or what memory lacks. Inside the flush; awaits nothing.
 * @throws CorruptRowError where a stored row was changed outside the broker
 */
export function decideRelease(
  object: Account,
  credentials: OpenedCredentials,
  opened: OpenedAccount,
  request: DoorRequest,
  round: Round,
): Step {
  const stored = object.store.state(opened.key.mac);
  if (stored === null) return wall(request, 'not_found', null);
  const state = withoutCut(stored, request.cutOffs);
  const nowMs = object.now();
  const stale = isStale(round, nowMs);
  const scene: Scene = {
    object,
    opened,
    request,
    use: useOf(request),
    state,
    flown: round.flown,
    verdict: round.verdict,
    caughtUp: round.caughtUp,
    nowMs,
    arrivedAtMs: round.startedAtMs - (request.waitedMs ?? 0),
    stale,
    approved: null,
  };
  const walled = behindWall(scene);
  if (walled !== null) return walled;
  const { account, settings } = state;
  const leaves = scene.use.action === 'token';
  if (leaves && !round.caughtUp && isBehind(account, settings, request.cutOffs ?? null))
    return { kind: 'catch_up' };
  const closed = closedRefusal(scene, leaves, stored);
  if (closed !== null) {
    // A request that no rule allows is refused as such, also where the account answers nobody: its repair would not help.
    const byRules = decideAtDoor2(
      request.agent,
      policyRequest(scene),
      offeredAsAsked(settings, request.scopes),
    );
    return byRules.allowed ? refuse(scene, closed, closed.code) : refuseByPolicy(scene, byRules);
  }
  const { demand } = request;
  if (
    demand !== undefined &&
    !serves(demand, { connection: account.connection, provider: settings.provider })
  )
    return refuse(scene, otherProvider(settings.provider), 'invalid_request');
  const allowed = decideScopes(scene);
  if (!allowed.allowed) {
    const learnt = allowed.reason === 'cannot_downscope' ? learnScopes(scene, round) : null;
    return learnt ?? refuseByPolicy(scene, allowed);
  }
  if (allowed.approval === null || isListing(scene.use)) return decideAllowed(scene, credentials, allowed);
  const held = holdForApproval(scene, allowed.approval);
  return 'step' in held ? held.step : decideAllowed({ ...scene, approved: held.yes }, credentials, allowed);
}

/** A rule allows it, and nobody has to be asked any more. */
function decideAllowed(
  scene: Scene,
  credentials: OpenedCredentials,
  allowed: Door2Decision<Offered> & { allowed: true },
): Step {
  const { state, request } = scene;
  const uncounted = isListing(scene.use) ? null : uncountedBy(request, allowed.rule);
  if (uncounted !== null) return uncounted;
  const grant = allowed.grant.row;
  if (!isRenewedType(state.account.credentialType)) return decideStatic(scene, credentials, grant);
  if (allowed.narrowTo === null) {
    return decideOAuth(scene, credentials, { grant, shown: grant, scopes: null, scopeKey: null });
  }
  const narrowed = narrowedOf(state, grant, allowed.narrowTo);
  // A known call may be made with the whole token: narrowing it is a precaution that a provider may refuse.
  if (request.demand !== undefined && !narrowsNow(scene, grant, narrowed))
    return decideOAuth(scene, credentials, { grant, shown: grant, scopes: null, scopeKey: null });
  if (narrowed?.refusedUntilMs != null && narrowed.refusedUntilMs > scene.nowMs) {
    const denied = { granted: grant.scopes, allowed: allowed.scopes };
    return refuse(scene, policyRefusal('cannot_downscope', denied), 'cannot_downscope');
  }
  if (narrowed === null && narrowsTooOften(state, grant, scene.nowMs)) {
    return refuse(scene, { code: 'rate_limited', retryAfterS: 30 }, 'rate_limited');
  }
  return decideOAuth(scene, credentials, {
    grant,
    shown: shownAs(grant, narrowed, allowed.narrowTo),
    scopes: allowed.narrowTo,
    scopeKey: scopeKeyOf(allowed.narrowTo),
  });
}

function narrowsNow(
  { state, nowMs }: Scene,
  grant: GrantRow,
  narrowed: ReturnType<typeof narrowedOf>,
): boolean {
  if (narrowed === null) return !narrowsTooOften(state, grant, nowMs);
  return narrowed.refusedUntilMs === null || narrowed.refusedUntilMs <= nowMs;
}

/** Whether the account still lets this agent use it so. Scopes are not compared again: the credential has left. */
export function stillAllowed(object: Account, { key }: OpenedAccount, request: DoorRequest): boolean {
  const stored = object.store.state(key.mac);
  if (stored === null) return false;
  const { account, settings, grants } = withoutCut(stored, request.cutOffs);
  const cutOffs = request.cutOffs ?? null;
  const { connection, identifier, organization } = account;
  const asked = { ...useOf(request), connection, identifier, organization, nowMs: object.now(), spent: [] };
  return (
    decideAtDoor1(request.agent, asked).allowed &&
    deletedRefusal(account, settings, cutOffs) === null &&
    revokedRefusal(stored.account, stored.grants, cutOffs) === null &&
    statusRefusal(account, () => null) === null &&
    grants.length > 0
  );
}

function refuseByPolicy(scene: Scene, decision: Door2Decision & { allowed: false }): Step {
  const { reason, grantedScopes: granted, allowedScopes: allowed } = decision;
  return refuse(scene, policyRefusal(reason, { granted, allowed }), reason);
}

/** The stored credential does not open: one record, one refusal, the evidence untouched. */
export function corruptRefusal(object: Account, opened: OpenedAccount, request: DoorRequest): ReleaseResult {
  const state = object.store.state(opened.key.mac);
  const refusal: Refusal = { code: 'record_corrupt' };
  if (state === null) return { ok: false, refusal };
  const scene: Scene = {
    object,
    opened,
    request,
    use: useOf(request),
    state,
    flown: null,
    verdict: null,
    caughtUp: true,
    nowMs: object.now(),
    arrivedAtMs: 0,
    stale: false,
    approved: null,
  };
  const step = refuse(scene, refusal, 'record_corrupt');
  return step.kind === 'done' ? step.result : { ok: false, refusal };
}

/** The rule that decides has a rate, and has not counted this request: the Worker has it counted, and comes again. */
function uncountedBy({ agent, rates }: DoorRequest, rule: number): Step | null {
  if (agent.policy.rules[rule]?.rate === undefined || rates?.counted === rule) return null;
  const cannot: Refusal = { code: 'unavailable', detail: 'the broker is being replaced', retryAfterS: 1 };
  const result: ReleaseResult =
    rates === undefined ? { ok: false, refusal: cannot } : { ok: false, count: rule };
  return { kind: 'done', result };
}

function policyRequest({ state, request, use, nowMs }: Scene): PolicyRequest {
  const { connection, identifier, organization } = state.account;
  const spent = request.rates?.spent ?? [];
  return { ...use, connection, identifier, organization, nowMs, spent };
}

/**
 * Why the account answers no request of this use, under any rules; null: it may. That the credential does not leave
 * keeps it from agents that ask for the credential itself, and from no other use.
 */
function closedRefusal(
  scene: Scene,
  leaves: boolean,
  { account, settings, grants }: AccountState,
): Refusal | null {
  const { object, opened, request } = scene;
  const cutOffs = request.cutOffs ?? null;
  const { mac } = opened.key;
  const ended = deletedRefusal(account, settings, cutOffs) ?? revokedRefusal(account, grants, cutOffs);
  const kept = leaves
    ? (proxyOnlyRefusal(account, settings, cutOffs) ?? sealRefusal(account) ?? signedRefusal(account))
    : null;
  const connect = () =>
    mayConnect(request.agent, policyRequest(scene)) ? connectUrl(object, mac, account) : null;
  return ended ?? kept ?? statusRefusal(account, () => reauthUrl(object, mac, account), connect);
}

/**
 * The rules' decision on the request and the agent alone. A request that organization, connection or identifier stops
 * is recorded in the agent's chain, never here; one that a later field stops is refused like one for scopes.
 */
function behindWall(scene: Scene): Step | null {
  const { request, state } = scene;
  const decision = decideAtDoor1(request.agent, policyRequest(scene));
  if (decision.allowed) return null;
  const { reason } = decision;
  if (reason !== 'agent_suspended' && !WALLS.has(reason))
    return refuse(scene, policyRefusal(reason, { granted: null, allowed: null }), reason);
  // The names of another tenant's account stay out of this agent's chain too.
  if (state.account.organization !== request.agent.organization) return wall(request, 'not_found', null);
  return wall(request, reason, state.account);
}

function decideScopes(scene: Scene): Door2Decision<Offered> {
  const { state, request, nowMs } = scene;
  const { settings } = state;
  const grants = offeredOf(settings, servableGrants(state, nowMs), scopesNamedBy(request.agent));
  const asked = askedOf(settings, grants, request.scopes);
  const { agent, demand } = request;
  const needs = demand === undefined ? null : needsOf(demand, settings.provider);
  const named = needs?.map((names) => askedOf(settings, grants, names) ?? []) ?? null;
  return decideForNeeds(
    agent,
    policyRequest(scene),
    { asked, grants, canNarrow: canNarrow(settings) },
    named,
  );
}

/**
 * A grant came without a word of its scopes, so no rule that limits them can let its token pass. The provider states
 * them with the next refresh: that is made at once, and once. Of a static credential the connection may declare them by
 * now. Null: nothing is left to learn.
 */
function learnScopes(scene: Scene, round: Round): Step | null {
  const { state, flown, nowMs } = scene;
  if (!isRenewedType(state.account.credentialType)) {
    const isDeclared = state.grants.every((row) => row.scopes !== null) || state.settings.scopes.length > 0;
    return isDeclared || round.caughtUp ? null : { kind: 'catch_up' };
  }
  const grant = state.grants.find((row) => row.scopes === null && row.hasRefreshToken);
  if (grant === undefined) return null;
  const step: Step = { kind: 'refresh', grant, trigger: 'on_demand', scopes: null };
  if (flown === null && isInFlight(scene, grant)) return step;
  if (grant.lastAttemptStartedAtMs !== null && grant.failures === 0) return null;
  const waitMs = (grant.nextAttemptAtMs ?? 0) - nowMs;
  if (flown !== null || waitMs > 0) return noToken(scene, grant, flown ?? { kind: 'not_now' });
  return step;
}

function decideStatic(scene: Scene, credentials: OpenedCredentials, grant: GrantRow): Step {
  if (grant.accessExpiresAtMs !== null && !accessLives(grant, scene.nowMs))
    return ended(scene, grant, { evidence: [DECLARED_END] });
  const credential = credentials.at(grant, null, scene.state.settings);
  if (credential === null) return { kind: 'decrypt', grant, scopeKey: null };
  // A static credential that the API refuses is still served: nothing can renew it, and only people can tell why.
  const { rejected } = scene.request;
  if (rejected === credential.fingerprint || rejected === CURRENT_TOKEN) noteRefused(scene, grant);
  else noteUnreported(scene, grant);
  return handOut(scene, grant, credential);
}

function decideOAuth(scene: Scene, credentials: OpenedCredentials, wanted: Wanted): Step {
  const { request, nowMs, flown, object } = scene;
  const { grant, shown, scopes, scopeKey } = wanted;
  const decrypt: Step = { kind: 'decrypt', grant: shown, scopeKey };
  const credential = shown.hasAccessToken ? credentials.at(shown, scopeKey, scene.state.settings) : null;
  if (request.rejected !== null && shown.hasAccessToken) {
    if (credential === null) return decrypt;
    const step = decideRejectedToken(scene, wanted, credential);
    if (step !== null) return step;
  }
  if (!grant.hasRefreshToken && credential !== null && request.rejected !== credential.fingerprint)
    noteUnreported(scene, grant);
  const { minTtlMs, minTtlExplicit } = request;
  // A request for a fresher token joins a refresh in flight; the pause between two refreshes binds later requests.
  const joins = flown === null && isInFlight(scene, grant);
  const own = withoutOwnWait(shown);
  const times = joins ? { ...own, lastAttemptStartedAtMs: null } : own;
  const serve = decideServe({ nowMs, grant: times, minTtlMs, minTtlExplicit });
  switch (serve.kind) {
    case 'serve':
      return credential === null ? decrypt : handOut(scene, shown, credential);
    case 'refresh':
      if (flown === null) return { kind: 'refresh', grant, trigger: serve.trigger, scopes };
      if (!accessLives(shown, nowMs)) return noToken(scene, grant, flown);
      return credential === null ? decrypt : handOut(scene, shown, credential);
    case 'wait':
      return object.store.transaction(() => {
        const cause = isClientRefused(grant) ? null : 'provider_unavailable';
        degrade(object, scene.opened.key.mac, scene.state.account, cause, nowMs);
        return unavailable(scene, grant, serve.retryAfterMs);
      });
    case 'ended':
      return ended(scene, grant);
  }
}
