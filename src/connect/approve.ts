/**
 * The page behind the link of an approval, for people without an account here. A GET changes nothing, so previews and
 * mail scanners are harmless; the answer is a POST of our own page. What a decision is and whether it still can be made
 * is the account's (`accounts/approvals`).
 */

import { askApproval } from '#accounts/approvals/ask.ts';
import { accountOfApprovalToken } from '#accounts/approvals/link.ts';
import type { ApprovalView, Decision } from '#accounts/approvals/requests.ts';
import { ProblemError } from '#contract/problem.ts';
import { admitUnproved } from '#directory/indexes/known-objects.ts';
import { isoTime } from '#lib/clock.ts';
import { markOf } from '#providers/scopes/scope-words.ts';
import { isOwnPost } from './browser.ts';
import { unwrapOr } from './models.ts';
import type { PageModel } from './page-model.ts';
import { commonOf, page, type Reply, type Visit } from './visit.ts';

/** `GET /approve/{token}`. */
export function showApproval(visit: Visit, token: string): Promise<Reply> {
  return answered(visit, token, null);
}

/** `POST /approve/{token}/approve` and `…/deny`. */
export async function postApproval(visit: Visit, token: string, decision: Decision): Promise<Reply> {
  if (isOwnPost(visit.origin, visit.headers)) return answered(visit, token, decision);
  // Where the link is none of ours, nothing is said about it either.
  const asked = accountOfApprovalToken(token) === null ? null : token;
  const common = commonOf(visit, null);
  return page(
    asked === null
      ? { kind: 'unknown_link', ...common }
      : { kind: 'foreign_post', startPath: `/approve/${asked}`, ...common },
  );
}

async function answered(visit: Visit, token: string, decision: Decision | null): Promise<Reply> {
  const common = commonOf(visit, null);
  const unknown = page({ kind: 'unknown_link', ...common });
  const accountId = accountOfApprovalToken(token);
  if (accountId === null) return unknown;
  const admission = await admitUnproved(visit.config, 'account', accountId);
  if (!admission.ok && admission.why === 'away') throw new ProblemError('unavailable');
  if (!admission.ok) return unknown;
  let exists = false;
  const asked = { token, decision, context: visit.context };
  const answer = await askApproval(visit.config, accountId, 'open', asked)
    .then((found) => {
      exists = found.ok || found.error.code !== 'not_found';
      return found;
    })
    .finally(() => admission.report(exists));
  const told = unwrapOr(answer, { kind: 'unknown' as const });
  if (told.kind === 'unknown') return unknown;
  const { approval } = told;
  if (told.kind === 'ask') return page(questionOf(visit, token, approval));
  const outcome = approval.status === 'pending' ? 'expired' : approval.status;
  if (told.kind === 'decided' && decision !== null)
    return page({ kind: 'approval_answered', outcome: decision, ...common });
  return page({ kind: 'approval_over', outcome, ...common });
}

function questionOf(visit: Visit, token: string, approval: ApprovalView): PageModel {
  const { provider, providerName, action } = approval;
  return {
    kind: 'approval',
    use: action === 'mcp' ? 'tool' : action,
    provider: { id: provider, displayName: providerName, mark: markOf(provider, providerName) },
    agent: approval.agent,
    connection: approval.connection,
    identifier: approval.identifier,
    subjectLabel: approval.subjectLabel,
    tool: approval.tool,
    method: approval.method,
    path: approval.path,
    digest: approval.digest,
    preview: approval.preview,
    why: approval.purpose,
    because: approval.reason,
    action: `/approve/${token}`,
    expiresAt: isoTime(approval.endsAtMs),
    minutes: Math.floor(approval.ttlMs / 60_000),
    ...commonOf(visit, approval.organization),
  };
}
