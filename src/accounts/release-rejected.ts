/**
 * A report that the API refused a credential: is another one due, does it only count against the account, or is the
 * permission lost? `refresh/rejected.ts` judges; here the judgement meets the rows, inside the transaction that releases.
 * Refuses to refresh: that is a step that it names.
 */

import { accessLives } from '#refresh/lifetimes.ts';
import { decideRejected, REFUSED_HOLD_MS } from '#refresh/rejected.ts';
import { CURRENT_TOKEN } from './release-answer.ts';
import type { OpenedCredential } from './release-body.ts';
import { ended, unavailable } from './release-outcomes.ts';
import { isInFlight, waitOf, type Scene, type Step, type Wanted } from './release-step.ts';
import type { GrantRow } from './rows.ts';
import { degrade, recover } from './settle.ts';

const RECENT_MS = 600_000;

/** Null: the report is about another token, go on as for any request. */
export function decideRejectedToken(scene: Scene, wanted: Wanted, credential: OpenedCredential): Step | null {
  const { room, request, nowMs, flown } = scene;
  const { grant, shown, scopes } = wanted;
  const current = request.rejected === CURRENT_TOKEN;
  // Who keeps no fingerprint means the token from before; the one that a refresh has just brought is another.
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
      return current && wasJustRenewed(scene, wanted)
        ? null
        : unavailable(scene, grant, decision.retryAfterMs);
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

/** Has a report, or an operator, just brought this token? Then it is the other one that a caller without fingerprint wants. */
function wasJustRenewed({ room, nowMs }: Scene, { shown }: Wanted): boolean {
  const last = room.attempts.newest(20).find(({ trigger }) => trigger === 'rejected' || trigger === 'forced');
  return last?.outcome === 'refreshed' && last.grantId === shown.id && accessLives(shown, nowMs);
}

/** A static credential was reported refused: the account shows it, and the credential is served on. */
export function noteRefused({ room, opened, state, nowMs }: Scene, grant: GrantRow): void {
  const mac = opened.key.mac;
  room.store.transaction(() => {
    room.store.saveGrant(mac, { ...grant, rejectHoldUntilMs: nowMs + REFUSED_HOLD_MS });
    degrade(room, mac, state.account, 'token_refused_by_api', nowMs);
  });
}

/** Nobody has reported it refused for a quarter of an hour, while it was used. */
export function noteAccepted({ room, opened, state, nowMs }: Scene): void {
  room.store.transaction(() => recover(room, opened.key.mac, state.account, nowMs));
}
