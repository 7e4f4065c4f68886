/**
 * One request at the door, decided from the rows inside the transaction that releases. Synchronous: what memory does
 * not hold yet is named as the next step, and the caller comes back. Writes a record exactly when the request is done
 * and the account is its place.
 */

import { freeField } from '#audit/record.ts';
import { decide, type Decision, type PolicyRequest } from '#policy/decide.ts';
import { resolveScopes, scopeKeyOf } from '#providers/scopes.ts';
import { decideRejected, REFUSED_HOLD_MS } from '#refresh/rejected.ts';
import { accessLives } from '#refresh/lifetimes.ts';
import { decideServe } from '#refresh/serve.ts';
import type { Trigger } from '#refresh/attempt.ts';
import { applyChange } from './changes.ts';
import { cutOffRefusal, isBehind } from './cut-offs.ts';
import { canNarrow, narrowedOf, narrowsTooOften, shownAs } from './narrowing.ts';
import { armGrant, withoutOwnWait } from './plan.ts';
import { credentialBody, type OpenedCredential } from './release-body.ts';
import type { Refusal, ReleaseRequest, ReleaseResult } from './release-answer.ts';
import type { OpenedCredentials } from './release-opened.ts';
import { policyRefusal, statusRefusal, wallRefusal } from './release-refusals.ts';
import { reauthUrl } from './repair-link.ts';
import type { FlightResult } from './refresher.ts';
import { record, type Room } from './room.ts';
import type { AccountRow, GrantRow } from './rows.ts';
import { degrade, recover } from './settle.ts';
import type { AccountState } from './store.ts';
import type { OpenedAccount } from './vault.ts';

/** What the request needs next. */
export type Step =
  | { readonly kind: 'done'; readonly result: ReleaseResult }
  | { readonly kind: 'again' }
  /** Look for newer settings of the connection first. */
  | { readonly kind: 'catch_up' }
  | { readonly kind: 'decrypt'; readonly grant: GrantRow; readonly scopeKey: string | null }
  | {
      readonly kind: 'refresh';
      readonly grant: GrantRow;
      readonly trigger: Trigger;
      /** Narrow to these; null: as granted. */
      readonly scopes: readonly string[] | null;
    };

/** `last_used_at` is written at most so often; between, it is kept in memory. */
const USED_STEP_MS = 3_600_000;
const MAX_RECORDED_SCOPES = 50;
const RECENT_MS = 600_000;
/** With a record of the agent of at most 750 ms, a change of policy takes effect within a second also for who waits. */
const STALE_AFTER_MS = 200;

/** The token that is asked for: the grant's own, or one narrowed to `scopes`. `shown` is the grant with that token. */
interface Wanted {
  readonly grant: GrantRow;
  readonly shown: GrantRow;
  readonly scopes: readonly string[] | null;
  readonly scopeKey: string | null;
}

/** What happened before in this request: the flight that it waited for, and when it came. */
export interface Round {
  readonly flown: FlightResult | null;
  readonly startedAtMs: number;
  /** Newer settings of the connection have been looked for. */
  readonly caughtUp: boolean;
}

interface Scene {
  readonly room: Room;
  readonly opened: OpenedAccount;
  readonly request: ReleaseRequest;
  readonly state: AccountState;
  readonly flown: FlightResult | null;
  readonly nowMs: number;
  readonly arrivedAtMs: number;
  /** It has waited so long that the agent may have been suspended meanwhile: nothing is handed out any more. */
  readonly stale: boolean;
}

export function decideRelease(
  room: Room,
  credentials: OpenedCredentials,
  opened: OpenedAccount,
  request: ReleaseRequest,
  round: Round,
): Step {
  const state = room.store.state(opened.key.mac);
  if (state === null) return wall(request, 'not_found', null);
  const nowMs = room.now();
  const stale = Math.abs(nowMs - round.startedAtMs) > STALE_AFTER_MS;
  const scene: Scene = {
    room,
    opened,
    request,
    state,
    flown: round.flown,
    nowMs,
    arrivedAtMs: round.startedAtMs - (request.waitedMs ?? 0),
    stale,
  };
  const walled = behindWall(scene);
  if (walled !== null) return walled;
  const { account, settings } = state;
  const cutOffs = request.cutOffs ?? null;
  if (!round.caughtUp && isBehind(account, settings, cutOffs)) return { kind: 'catch_up' };
  const cut = cutOffRefusal(account, settings, cutOffs);
  if (cut !== null) return refuse(scene, cut, cut.code);
  const blocked = statusRefusal(state.account, () => reauthUrl(room, opened.key.mac, state.account));
  if (blocked !== null) return refuse(scene, blocked, blocked.code);
  const allowed = decideScopes(scene);
  if (!allowed.allowed) {
    const scopes = { granted: allowed.grantedScopes, allowed: allowed.allowedScopes };
    return refuse(scene, policyRefusal(allowed.reason, scopes), allowed.reason);
  }
  const grant = state.grants[allowed.grant ?? 0];
  if (grant === undefined) return refuse(scene, { code: 'account_pending' }, 'account_pending');
  if (state.account.credentialType !== 'oauth2') return decideStatic(scene, credentials, grant);
  if (allowed.narrowTo === null) {
    return decideOAuth(scene, credentials, { grant, shown: grant, scopes: null, scopeKey: null });
  }
  const narrowed = narrowedOf(state, grant, allowed.narrowTo);
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

/** The stored credential does not open: one record, one refusal, the evidence untouched. */
export function corruptRefusal(room: Room, opened: OpenedAccount, request: ReleaseRequest): ReleaseResult {
  const state = room.store.state(opened.key.mac);
  const refusal: Refusal = { code: 'record_corrupt' };
  if (state === null) return { ok: false, refusal };
  const scene: Scene = {
    room,
    opened,
    request,
    state,
    flown: null,
    nowMs: room.now(),
    arrivedAtMs: 0,
    stale: false,
  };
  const step = refuse(scene, refusal, 'record_corrupt');
  return step.kind === 'done' ? step.result : { ok: false, refusal };
}

function policyRequest(scene: Scene, names: string[] | null): PolicyRequest {
  const { connection, identifier } = scene.state.account;
  return { action: 'token', connection, identifier, scopes: names };
}

/** Organization, connection and identifier: what lies behind them is recorded in the agent's chain, never here. */
function behindWall(scene: Scene): Step | null {
  const { request, state } = scene;
  if (state.account.organization !== request.agent.organization) return wall(request, 'not_found', null);
  const decision = decide({ agent: request.agent, request: policyRequest(scene, null) });
  if (decision.allowed) return null;
  return wall(request, decision.reason, state.account);
}

function wall(request: ReleaseRequest, reason: string, account: AccountRow | null): Step {
  return { kind: 'done', result: { ok: false, refusal: wallRefusal(request.byId, reason, account) } };
}

function decideScopes(scene: Scene): Decision & { grant?: number } {
  const { state, request } = scene;
  const resolve = (names: string[]): string[] => resolveScopes(state.settings.descriptor, names);
  const asked = request.scopes === null ? null : resolve([...request.scopes]);
  return decide({
    agent: request.agent,
    request: policyRequest(scene, asked),
    granted: state.grants.map((grant) => ({
      scopes: grant.scopes === null ? null : [...grant.scopes],
      resolve,
    })),
    canNarrow: canNarrow(state.settings),
  });
}

function decideStatic(scene: Scene, credentials: OpenedCredentials, grant: GrantRow): Step {
  const credential = credentials.at(grant, null);
  if (credential === null) return { kind: 'decrypt', grant, scopeKey: null };
  // A static credential that the API refuses is still served: nothing can renew it, and only people can tell why.
  if (scene.request.rejected === credential.fingerprint) noteRefused(scene, grant);
  else if (scene.state.account.degradedSinceMs !== null && (grant.rejectHoldUntilMs ?? 0) < scene.nowMs)
    noteAccepted(scene);
  return handOut(scene, grant, credential);
}

function noteRefused({ room, opened, state, nowMs }: Scene, grant: GrantRow): void {
  const mac = opened.key.mac;
  room.store.transaction(() => {
    room.store.saveGrant(mac, { ...grant, rejectHoldUntilMs: nowMs + REFUSED_HOLD_MS });
    degrade(room, mac, state.account, 'token_refused_by_api', nowMs);
  });
}

/** Nobody has reported it refused for a quarter of an hour, while it was used. */
function noteAccepted({ room, opened, state, nowMs }: Scene): void {
  room.store.transaction(() => recover(room, opened.key.mac, state.account, nowMs));
}

function decideOAuth(scene: Scene, credentials: OpenedCredentials, wanted: Wanted): Step {
  const { request, nowMs, flown, room } = scene;
  const { grant, shown, scopes, scopeKey } = wanted;
  const decrypt: Step = { kind: 'decrypt', grant: shown, scopeKey };
  const credential = shown.hasAccessToken ? credentials.at(shown, scopeKey) : null;
  if (request.rejected !== null && shown.hasAccessToken) {
    if (credential === null) return decrypt;
    const step = decideRejectedToken(scene, wanted, credential);
    if (step !== null) return step;
  }
  const { minTtlMs, minTtlExplicit } = request;
  // A refresh in flight is joined by whoever wants a fresher token; the pause between two is for those who come after.
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
      return room.store.transaction(() => {
        const cause = grant.lastFailure === 'client_rejected' ? null : 'provider_unavailable';
        degrade(room, scene.opened.key.mac, scene.state.account, cause, nowMs);
        return unavailable(scene, grant, serve.retryAfterMs);
      });
    case 'ended':
      return ended(scene);
  }
}

/** The journal is only asked while an answer may still come. */
function isInFlight({ room, nowMs }: Scene, grant: GrantRow): boolean {
  const startedAtMs = grant.lastAttemptStartedAtMs;
  if (startedAtMs === null || Math.abs(nowMs - startedAtMs) >= room.config.exchangeBudgetMs) return false;
  return room.attempts.open().some((attempt) => attempt.grantId === grant.id);
}

/** Null: the report is about another token, go on as for any request. */
function decideRejectedToken(scene: Scene, wanted: Wanted, credential: OpenedCredential): Step | null {
  const { room, request, nowMs, flown } = scene;
  const { grant, shown, scopes } = wanted;
  const fingerprintMatches = request.rejected === credential.fingerprint;
  if (!fingerprintMatches) return null;
  if (isInFlight(scene, grant)) {
    return flown === null
      ? { kind: 'refresh', grant, trigger: 'rejected', scopes }
      : unavailable(scene, grant, waitOf(flown, nowMs));
  }
  const decision = decideRejected({
    nowMs,
    fingerprintMatches,
    grant: shown,
    recent: room.attempts.newest(20).filter((attempt) => nowMs - attempt.startedAtMs < RECENT_MS),
    holdUntilMs: grant.rejectHoldUntilMs,
  });
  switch (decision.kind) {
    case 'other_token':
      return null;
    case 'refresh':
      return flown === null
        ? { kind: 'refresh', grant, trigger: 'rejected', scopes }
        : unavailable(scene, grant, waitOf(flown, nowMs));
    case 'wait':
      return unavailable(scene, grant, decision.retryAfterMs);
    case 'refused_by_api':
      return room.store.transaction(() => {
        const mac = scene.opened.key.mac;
        if (grant.rejectHoldUntilMs === null || grant.rejectHoldUntilMs < nowMs) {
          room.store.saveGrant(mac, { ...grant, rejectHoldUntilMs: nowMs + decision.retryAfterMs });
        }
        degrade(room, mac, scene.state.account, 'token_refused_by_api', nowMs);
        return unavailable(scene, grant, decision.retryAfterMs);
      });
    case 'permission_lost':
    case 'ended':
      return ended(scene, decision.kind === 'ended' ? 'no_refresh_token' : 'policy_changed');
  }
}

/** The token has ended and nothing renewed it. That the provider is away may be told once; a turn to come is no trouble. */
function noToken(scene: Scene, grant: GrantRow, flown: FlightResult): Step {
  const { room, opened, state, nowMs } = scene;
  if (flown.kind !== 'not_now' || flown.closed?.why !== 'outage')
    return unavailable(scene, grant, waitOf(flown, nowMs));
  return room.store.transaction(() => {
    degrade(room, opened.key.mac, state.account, 'provider_unavailable', nowMs);
    return unavailable(scene, grant, waitOf(flown, nowMs));
  });
}

function waitOf(flown: FlightResult, nowMs: number): number {
  if (flown.kind === 'pending') return flown.retryAfterMs;
  if (flown.kind === 'not_now' && flown.closed !== undefined) return flown.closed.untilMs - nowMs;
  return 1000;
}

/** No living token now: the code says whose fault it is, as far as the last attempt told. */
function unavailable(scene: Scene, grant: GrantRow, retryAfterMs: number): Step {
  const last = scene.room.attempts.newest(1)[0];
  const justFailed = last?.endedAtMs != null && last.endedAtMs >= scene.arrivedAtMs;
  const { flown } = scene;
  const closed = flown?.kind === 'not_now' ? flown.closed : undefined;
  const ownMs = closed === undefined ? (grant.nextAttemptAtMs ?? 0) - scene.nowMs : 0;
  const retryAfterS = Math.max(1, Math.ceil(Math.max(retryAfterMs, ownMs) / 1000));
  if (closed === undefined ? grant.lastFailure === 'client_rejected' : closed.why === 'misconfigured') {
    return refuse(scene, { code: 'misconfigured_connection', retryAfterS }, 'misconfigured_connection');
  }
  if (grant.lastFailure === 'record_corrupt') {
    return refuse(scene, { code: 'record_corrupt' }, 'record_corrupt');
  }
  if (grant.lastFailure === 'malformed' && justFailed) {
    return refuse(scene, { code: 'provider_error', retryAfterS }, 'provider_error');
  }
  return refuse(scene, { code: 'provider_unavailable', retryAfterS }, 'provider_unavailable');
}

/** The access token is over and nothing can renew it, or nothing makes it accepted: said once, in the transaction that refuses. */
function ended(scene: Scene, reason: 'no_refresh_token' | 'policy_changed' = 'no_refresh_token'): Step {
  const { room, opened, state } = scene;
  return room.store.transaction(() => {
    const after = applyChange(
      room,
      opened.key.mac,
      state.account,
      { signal: 'grant_died', action: 'account.status', reason },
      scene.request.context,
    );
    for (const grant of state.grants) room.timers.clear(`refresh:${grant.id}`);
    return refuse(
      scene,
      statusRefusal(after, () => reauthUrl(room, opened.key.mac, after)) ?? { code: 'reauth_required' },
      'reauth_required',
    );
  });
}

function refuse(scene: Scene, refusal: Refusal, reason: string): Step {
  record(
    scene.room,
    scene.state.account,
    scene.opened.key.mac,
    { action: 'token.issue', outcome: 'refused', reason, scopes: askedScopes(scene) },
    scene.request.context,
  );
  return { kind: 'done', result: { ok: false, refusal } };
}

/** The asked scopes as a record may hold them: a name that nobody granted is the caller's text. */
function askedScopes({ request, state, opened }: Scene): string[] | null {
  if (request.scopes === null) return null;
  const known = new Set(state.grants.flatMap((grant) => grant.scopes ?? []));
  return request.scopes
    .slice(0, MAX_RECORDED_SCOPES)
    .map((name) => (known.has(name) ? name : (freeField(name, opened.key.mac) ?? '')));
}

function handOut(scene: Scene, grant: GrantRow, credential: OpenedCredential): Step {
  const { room, opened, request, nowMs } = scene;
  if (scene.stale) return { kind: 'again' };
  const { account, settings } = scene.state;
  if (nowMs - (account.lastUsedAtMs ?? 0) > USED_STEP_MS) noteUse(scene, grant.id);
  room.lastUse.atMs = nowMs;
  const body = credentialBody(account, settings, grant, credential, nowMs);
  record(
    room,
    account,
    opened.key.mac,
    { action: 'token.issue', outcome: 'ok', scopes: grant.scopes, token_fingerprint: credential.fingerprint },
    request.context,
  );
  return { kind: 'done', result: { ok: true, body } };
}

/** An account that wakes from idleness goes back from the daily heartbeat to proactive rotation. */
function noteUse({ room, opened, state, nowMs }: Scene, grantId: number): void {
  room.store.transaction(() => {
    const account = room.store.state(opened.key.mac)?.account ?? state.account;
    const used = { ...account, lastUsedAtMs: nowMs };
    room.store.saveAccount(opened.key.mac, used);
    const grant = state.grants.find((row) => row.id === grantId);
    if (grant !== undefined && room.timers.get(`refresh:${grantId}`)?.payload !== 'proactive') {
      armGrant(room, used, state.settings, grant);
    }
  });
}
