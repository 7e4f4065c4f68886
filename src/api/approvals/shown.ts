/** An approval in the wire's names. */

import type { ApprovalView } from '#accounts/approvals/requests.ts';
import type { Approval, ListedApproval } from '#contract/callers/approvals.ts';
import type { ApprovalIndexRow } from '#directory/approvals/index-rows.ts';
import { isoTime } from '#lib/clock.ts';

/** What an account and a list say alike. */
type Told = Omit<
  ApprovalView,
  'token' | 'preview' | 'provider' | 'providerName' | 'subjectLabel' | 'updatedAtMs'
>;

function resourceOf(one: Told): Omit<ListedApproval, 'approval_url' | 'indexed_at' | 'decided_by'> {
  return {
    id: one.id,
    status: one.status,
    agent: one.agent,
    connected_account_id: one.accountId,
    connection: one.connection,
    identifier: one.identifier,
    organization: one.organization === '' ? null : one.organization,
    action: one.action,
    tool: one.tool,
    method: one.method,
    path: one.path,
    digest: one.digest,
    purpose: one.purpose,
    reason: one.reason,
    ttl_s: one.ttlMs / 1000,
    created_at: isoTime(one.createdAtMs),
    expires_at: isoTime(one.endsAtMs),
    decided_at: isoTime(one.decidedAtMs),
    used_at: isoTime(one.usedAtMs),
  };
}

/** For the agent that asked: with nothing that answers it. */
export function shownToAgent(view: ApprovalView): Approval {
  return { ...resourceOf(view), preview: view.preview };
}

/** @param origin under which the link is opened; null: for a role that may not decide */
export function shownToOperator(view: ApprovalView, origin: string | null): Approval {
  return {
    ...resourceOf(view),
    preview: view.preview,
    decided_by: view.decidedBy,
    ...(origin === null ? {} : { approval_url: urlOf(view, origin) }),
  };
}

/** Only a question that waits has a link. */
function urlOf({ status, token }: ApprovalView, origin: string): string | null {
  return status === 'pending' ? `${origin}/approve/${token}` : null;
}

/** @param live the account's own word for it, where it was asked */
export function listed(
  row: ApprovalIndexRow,
  live: ApprovalView | null,
  origin: string | null,
): ListedApproval {
  const told = live ?? ({ ...row.more, ...row } as unknown as ApprovalView);
  return {
    ...resourceOf(told),
    decided_by: told.decidedBy,
    ...(origin === null ? {} : { approval_url: live === null ? null : urlOf(live, origin) }),
    indexed_at: isoTime(row.indexedAtMs),
  };
}
