/**
 * A change of status, whole: the move by the table, the row, the audit record and the index outbox, inside the
 * transaction of the caller. The only place that writes a status.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { record, type Account } from '../account.ts';
import { endApprovals } from '../approvals/upkeep.ts';
import type { AccountRow, StatusCause } from '../rows.ts';
import { mayRefresh, move, type Signal, type Standing } from '../status.ts';
import { tell } from './events.ts';

export interface Change {
  readonly signal: Signal;
  readonly action: AuditAction;
  readonly reason: string | null;
  readonly providerError?: string | null;
  readonly evidence?: readonly string[];
  readonly scopes?: readonly string[] | null;
}

/**
 * The account after the change; it is stored. @throws Error ("internal") for a move that is not in the table: the
 * caller must have looked at the status in the same transaction.
 */
export function applyChange(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  change: Change,
  context: RequestContext,
): AccountRow {
  const next = move({ status: account.status, before: account.statusBefore }, change.signal);
  if (next === null)
    throw new Error(`internal: ${change.signal} cannot happen to an account that is ${account.status}`);
  const nowMs = object.now();
  const { shown, before } = causesOf(account, next, change, nowMs);
  const moved: AccountRow = {
    ...account,
    status: next.status,
    statusBefore: next.before,
    statusReason: shown.reason,
    statusSinceMs: shown.sinceMs,
    statusProviderError: shown.providerError,
    statusEvidence: shown.evidence,
    causeBefore: before,
    updatedAtMs: Math.max(nowMs, account.updatedAtMs),
  };
  const after = tell(object, mac, account, moved, { kind: change.signal });
  object.store.saveAccount(mac, after);
  record(
    object,
    after,
    mac,
    {
      action: change.action,
      outcome: 'ok',
      reason: change.reason,
      scopes: change.scopes ?? null,
      evidence: [`${account.status}->${after.status}`, ...(change.evidence ?? [])],
    },
    context,
  );
  if (after.status === 'revoked') endApprovals(object, mac, nowMs, context);
  if (!mayRefresh(after.status)) {
    // Nothing comes by the calendar any more; the index row says that it is not to be heard of.
    object.timers.clear('beat');
    object.timers.clear('expiring');
    object.timers.clear('subject');
  }
  object.timers.set('index', nowMs);
  object.waiting.changed();
  return after;
}

/** The cause that the account shows after the move, and the one that waits for `enable`: an incident outlives a pause. */
function causesOf(
  account: AccountRow,
  next: Standing,
  change: Change,
  nowMs: number,
): { shown: StatusCause; before: StatusCause | null } {
  const told: StatusCause = {
    reason: change.reason,
    sinceMs: nowMs,
    providerError: change.providerError ?? null,
    evidence: change.evidence ?? [],
  };
  const present: StatusCause = {
    reason: account.statusReason,
    sinceMs: account.statusSinceMs,
    providerError: account.statusProviderError,
    evidence: account.statusEvidence,
  };
  if (next.status === 'disabled') {
    if (account.status !== 'disabled') return { shown: told, before: present };
    return { shown: present, before: next.before === account.statusBefore ? account.causeBefore : told };
  }
  if (next.status === account.status) {
    const reason = change.signal === 'connected' ? change.reason : present.reason;
    return { shown: { ...present, reason }, before: null };
  }
  const resumed = change.signal === 'enabled' && next.status === 'reauth_required';
  return { shown: resumed ? (account.causeBefore ?? told) : told, before: null };
}
