/**
 * Where a rule with `approval` holds a request up: it goes on with a yes to exactly this request, and is refused without
 * one. Asked at the door once all else allows the request, inside the transaction that releases. The yes is spent by
 * the caller that hands out (`spend` of `upkeep.ts`), so that no refusal behind this one costs it.
 */

import type { Approval } from '#contract/rules/fields.ts';
import { newId } from '#crypto/api-keys.ts';
import { isoTime } from '#lib/clock.ts';
import { refuse } from '../door/outcomes.ts';
import { policyRefusal } from '../door/refusals.ts';
import { wasBefore } from '../ending/matched.ts';
import type { Scene, Step } from '../door/step.ts';
import { tellApprovalRequired } from '../life/events.ts';
import { aboutOf, shownOf } from './about.ts';
import { answerTo, hasRoom, PENDING_MS, requestKey, type ApprovalRow } from './machine.ts';
import { approvalUrl } from './link.ts';
import { store } from './upkeep.ts';

const FULL_RETRY_S = 60;

/** How the request ends here, or the yes that it goes on with. @throws CorruptRowError */
export type Held = { readonly step: Step } | { readonly yes: ApprovalRow };

export function holdForApproval(scene: Scene, { reason, ttl_s: ttlS }: Approval): Held {
  const { object, opened, request, use, nowMs } = scene;
  const { mac } = opened.key;
  const { account, settings } = scene.state;
  const agentId = request.agent.id;
  const rows = object.store.approvals.all(mac);
  const about = aboutOf(use, account, settings, request.agentLife ?? null);
  if (about === 'unknown_address') {
    const errors = [{ path: 'X-Valetkey-Base-Url', message: 'must be one of the account' }];
    return { step: refuse(scene, { code: 'invalid_request', members: { errors } }, 'invalid_request') };
  }
  const key = requestKey(agentId, use, about);
  // An answer from before the kill switch is about the grants that it has ended.
  const holding = rows.filter(({ createdAtMs }) => !wasBefore(createdAtMs, account, request.cutOffs));
  const answered = answerTo(holding, key, ttlS * 1000, nowMs);
  switch (answered.kind) {
    case 'approved':
      return { yes: answered.row };
    case 'denied': {
      const refusal = policyRefusal('approval_denied', { granted: null, allowed: null });
      return { step: refuse(scene, refusal, 'approval_denied', answered.row) };
    }
    case 'pending':
      return { step: refuse(scene, refusalOf(answered.row), 'approval_required', answered.row) };
    case 'new':
      break;
  }
  // A question reaches people: it is asked on a fresh proof alone.
  if (scene.stale) return { step: { kind: 'again' } };
  if (!hasRoom(rows, agentId, nowMs)) {
    const detail =
      'too many requests of this agent to this account wait for an approval, or were decided lately';
    const full = { code: 'rate_limited', detail, retryAfterS: FULL_RETRY_S } as const;
    return { step: refuse(scene, full, 'rate_limited') };
  }
  const { action, tool, method, path, purpose } = use;
  const row: ApprovalRow = {
    id: newId('apr'),
    key,
    agent: agentId,
    status: 'pending',
    action,
    tool,
    method,
    path,
    digest: action === 'token' ? null : use.digest,
    preview: action === 'token' ? null : shownOf(use, about),
    purpose,
    reason: reason ?? null,
    ttlMs: ttlS * 1000,
    createdAtMs: nowMs,
    endsAtMs: nowMs + PENDING_MS,
    decidedAtMs: null,
    decidedBy: null,
    usedAtMs: null,
    usedAs: null,
    updatedAtMs: nowMs,
  };
  return {
    step: object.store.transaction(() => {
      store(object, mac, row);
      const url = approvalUrl(object.config, mac, account, row.id);
      tellApprovalRequired(object, mac, account, row, url);
      return refuse(scene, refusalOf(row), 'approval_required', row);
    }),
  };
}

/** Never with the link: an agent must not approve itself. */
function refusalOf({ id, endsAtMs }: ApprovalRow) {
  return {
    code: 'approval_required',
    members: { approval_id: id, expires_at: isoTime(endsAtMs) },
  } as const;
}
