/**
 * A report that the API refused a credential: is another one due, does it only count against the account, or is the
 * permission lost? `refresh/rejected.ts` judges; here the judgement meets the rows, inside the transaction that releases.
 * Refuses to refresh: that is a step that it names.
 */

import { accessLives } from '#refresh/lifetimes.ts';
import { decideRejected, REFUSED_HOLD_MS } from '#refresh/rejected.ts';
import { decideRefusedToken, refusedBy } from '#refresh/refused-token.ts';
import { endpointOf } from '../refreshing/provider/token-check.ts';
import { degrade, recover } from '../refreshing/settle/settle.ts';
import type { GrantRow } from '../rows.ts';
import { CURRENT_TOKEN } from './answer.ts';
import type { OpenedCredential } from './credential.ts';
import { ended, unavailable } from './outcomes.ts';
import { isInFlight, waitOf, type Scene, type Step, type Wanted } from './step.ts';

const RECENT_MS = 600_000;
/** The end of the hold is moved on in such steps. */
const HOLD_STEP_MS = 60_000;

/** Null: the report is about another token, go on as for any request. */
export function decideRejectedToken(scene: Scene, wanted: Wanted, credential: OpenedCredential): Step | null {
  const { object, request, nowMs, flown } = scene;
  const { grant, shown, scopes } = wanted;
  const current = request.rejected === CURRENT_TOKEN;
  // An agent that keeps no fingerprint means the previous token; the token that a refresh has just brought is another.
  if (current && flown?.kind === 'settled' && flown.as === 'stored') return null;
  const fingerprintMatches = current || request.rejected === credential.fingerprint;
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
    recent: object.attempts.newest(20).filter((attempt) => nowMs - attempt.startedAtMs < RECENT_MS),
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
      return current && wasJustRenewed(scene, wanted)
        ? null
        : unavailable(scene, grant, decision.retryAfterMs);
    case 'refused_by_api':
      return object.store.transaction(() => {
        const mac = scene.opened.key.mac;
        if (grant.rejectHoldUntilMs === null || grant.rejectHoldUntilMs < nowMs) {
          object.store.saveGrant(mac, { ...grant, rejectHoldUntilMs: nowMs + decision.retryAfterMs });
        }
        // The API does not refuse the tokens for their age, so the lifetime learnt from its refusals is wrong.
        const account = { ...scene.state.account, learntLifetime: null };
        if (scene.state.account.learntLifetime !== null) object.store.saveAccount(mac, account);
        degrade(object, mac, account, 'token_refused_by_api', nowMs);
        return unavailable(scene, grant, decision.retryAfterMs);
      });
    case 'permission_lost':
      return ended(scene, grant, { reason: 'policy_changed' });
    case 'unrenewable':
      return decideRefused(scene, wanted, credential);
  }
}

/** Has a report, or an operator, just brought this token? Then it is the other one that a caller without fingerprint wants. */
function wasJustRenewed({ object, nowMs }: Scene, { shown }: Wanted): boolean {
  const last = object.attempts
    .newest(20)
    .find(({ trigger }) => trigger === 'rejected' || trigger === 'forced');
  return last?.outcome === 'refreshed' && last.grantId === shown.id && accessLives(shown, nowMs);
}

/** Of a token that nothing renews one agent's word is not the end for the others. Null: it is served. */
function decideRefused(scene: Scene, { grant }: Wanted, { fingerprint }: OpenedCredential): Step | null {
  const { request, state, nowMs, verdict: told } = scene;
  // A verdict about an earlier grant or generation says nothing of this grant.
  const isOfGrant = told?.grantId === grant.id && told.generation === grant.generation;
  const verdict = isOfGrant ? told.verdict : null;
  const holders = refusedBy(grant.holders, { token: fingerprint, agent: request.agent.id, nowMs });
  const canAsk = state.settings.descriptor.userinfo_url !== null;
  const endpoint = endpointOf(state);
  const acceptedBefore = endpoint !== null && grant.acceptedAt === endpoint;
  const asTold = decideRefusedToken({ nowMs, canAsk, verdict, acceptedBefore, holders });
  // A caller of the proxy chooses the path: what one route of an API refuses is not yet the end of the token.
  const isByRoute = asTold.kind === 'ended' && asTold.by === 'agents' && scene.use.action !== 'token';
  const decision = isByRoute ? ({ kind: 'doubted' } as const) : asTold;
  switch (decision.kind) {
    case 'ask':
      return { kind: 'ask', grant };
    case 'ended':
      return ended(scene, grant, { evidence: [`refused_by_${decision.by}`] });
    case 'refuted':
      noteRefuted(scene, verdict === 'accepted' ? { ...grant, acceptedAt: endpoint } : grant);
      return null;
    case 'doubted':
      noteRefused(scene, { ...grant, holders });
      return null;
  }
}

/** What nothing renews was reported refused: the account shows it, and the credential is served on. */
export function noteRefused({ object, opened, state, nowMs }: Scene, grant: GrantRow): void {
  const mac = opened.key.mac;
  const stored = state.grants.find(({ id }) => id === grant.id);
  const heldMs = (grant.rejectHoldUntilMs ?? 0) - nowMs;
  const isKnown = state.account.degradedSinceMs !== null && stored?.holders === grant.holders;
  // An agent that repeats its report writes at most one row a minute.
  if (isKnown && heldMs > REFUSED_HOLD_MS - HOLD_STEP_MS && heldMs <= REFUSED_HOLD_MS) return;
  object.store.transaction(() => {
    object.store.saveGrant(mac, { ...grant, rejectHoldUntilMs: nowMs + REFUSED_HOLD_MS });
    degrade(object, mac, state.account, 'token_refused_by_api', nowMs);
  });
}

/** No agent has reported the token refused for a quarter of an hour, while it was used: then the API takes it. */
export function noteUnreported({ object, opened, state, nowMs }: Scene, grant: GrantRow): void {
  if (state.account.degradedSinceMs === null || (grant.rejectHoldUntilMs ?? 0) >= nowMs) return;
  object.store.transaction(() => recover(object, opened.key.mac, state.account, nowMs));
}

/** The provider takes it: nothing that was said against it stands. */
function noteRefuted({ object, opened, state, nowMs }: Scene, grant: GrantRow): void {
  const { account } = state;
  const accused = account.degradedCause === 'token_refused_by_api';
  const { holders } = grant;
  const isKnown = state.grants.find(({ id }) => id === grant.id)?.acceptedAt === grant.acceptedAt;
  if (!accused && isKnown && (holders === null || holders.refusedBy.length === 0)) return;
  const mac = opened.key.mac;
  object.store.transaction(() => {
    const cleared = holders === null ? null : { ...holders, refusedBy: [] };
    object.store.saveGrant(mac, { ...grant, holders: cleared, rejectHoldUntilMs: null });
    if (accused) recover(object, mac, account, nowMs);
  });
}
