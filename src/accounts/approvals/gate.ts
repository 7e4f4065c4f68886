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
import type { Scene, Step } from '../door/step.ts';
import { tellApprovalRequired } from '../life/events.ts';
import { answerTo, hasRoom, PENDING_MS, requestKey, wholeUse, type ApprovalRow } from './machine.ts';
import { approvalUrl } from './link.ts';
import { store } from './upkeep.ts';

const FULL_RETRY_S = 60;
/** The head of a call's answer has so long, and a refresh comes in between. */
const REPEATED_WITHIN_MS = 240_000;
/** A person says yes to a whole request, and so does a digest: this one is gone once it is sent. */
const TOO_LONG = {
  code: 'too_large',
  detail: 'a person has to approve this call, and its body may hold 1 MiB then',
} as const;

/** How the request ends here, or the yes that it goes on with. @throws CorruptRowError */
export type Held = { readonly step: Step } | { readonly yes: ApprovalRow };

export function holdForApproval(scene: Scene, { reason, ttl_s: ttlS }: Approval): Held {
  const { object, opened, request, nowMs } = scene;
  const { mac } = opened.key;
  const use = wholeUse(scene.use, scene.state.settings.descriptor.api_request_headers ?? []);
  if (use.isUnkept === true) return { step: refuse(scene, TOO_LONG, 'too_large') };
  const agentId = request.agent.id;
  const rows = object.store.approvals.all(mac);
  const key = requestKey(agentId, use);
  const spent = spentFor(scene, rows, key);
  if (spent !== null) return { yes: spent };
  const answered = answerTo(rows, key, ttlS * 1000, nowMs);
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
  const { action, tool, method, path, preview, purpose } = use;
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
    preview: action === 'token' ? null : preview,
    purpose,
    reason: reason ?? null,
    ttlMs: ttlS * 1000,
    createdAtMs: nowMs,
    endsAtMs: nowMs + PENDING_MS,
    decidedAtMs: null,
    decidedBy: null,
    usedAtMs: null,
    updatedAtMs: nowMs,
  };
  const { account } = scene.state;
  return {
    step: object.store.transaction(() => {
      store(object, mac, row);
      const url = approvalUrl(object.config, mac, account, row.id);
      tellApprovalRequired(object, mac, account, row, url);
      return refuse(scene, refusalOf(row), 'approval_required', row);
    }),
  };
}

/** The API refused the approved call for a dead token, so it has done nothing: the same yes lets it out once more. */
function spentFor({ object, request, nowMs }: Scene, rows: readonly ApprovalRow[], key: string) {
  const id = request.repeats === undefined ? null : object.calls.approvalOf(request.repeats);
  const row = rows.find((one) => one.id === id && one.key === key && one.status === 'used');
  return row !== undefined && nowMs - (row.usedAtMs ?? 0) < REPEATED_WITHIN_MS ? row : null;
}

/** Never with the link: an agent must not approve itself. */
function refusalOf({ id, endsAtMs }: ApprovalRow) {
  return {
    code: 'approval_required',
    members: { approval_id: id, expires_at: isoTime(endsAtMs) },
  } as const;
}
