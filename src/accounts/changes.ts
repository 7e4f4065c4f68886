/**
 * A change of status, whole: the move by the table, the row, the audit record and the index outbox, inside the
 * transaction of the caller. The only place that writes a status.
 */

import type { AuditAction, RequestContext } from '#audit/record.ts';
import { record, type Room } from './room.ts';
import type { AccountRow } from './rows.ts';
import { move, type Signal } from './status.ts';

export interface Change {
  readonly signal: Signal;
  readonly action: AuditAction;
  readonly reason: string | null;
  readonly providerError?: string | null;
  readonly evidence?: readonly string[];
  readonly scopes?: readonly string[] | null;
}

/**
 * The account after the change; it is stored. @throws Error ("internal") for a move that is not in the table: whoever
 * signals must have looked at the status in the same transaction.
 */
export function applyChange(
  room: Room,
  mac: Uint8Array,
  account: AccountRow,
  change: Change,
  context: RequestContext,
): AccountRow {
  const next = move({ status: account.status, before: account.statusBefore }, change.signal);
  if (next === null)
    throw new Error(`internal: ${change.signal} cannot happen to an account that is ${account.status}`);
  const moved = next.status !== account.status;
  const nowMs = room.now();
  const after: AccountRow = {
    ...account,
    status: next.status,
    statusBefore: next.before,
    statusReason: moved || change.signal === 'connected' ? change.reason : account.statusReason,
    statusSinceMs: moved ? nowMs : account.statusSinceMs,
    statusProviderError: moved ? (change.providerError ?? null) : account.statusProviderError,
    statusEvidence: moved ? (change.evidence ?? []) : account.statusEvidence,
    updatedAtMs: nowMs,
  };
  room.store.saveAccount(mac, after);
  record(
    room,
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
  room.timers.set('index', nowMs);
  return after;
}
