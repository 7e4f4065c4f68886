/**
 * The events of an account: the news that a change makes, in the transaction of the change. Which news
 * is worth an event is `webhooks/incident.ts`'s; the way to the endpoints is the outbox's.
 */

import type { AccountEvent, AccountEventType, DegradedCause, EventAccount } from '#webhooks/event.ts';
import { afterNews, type News, type Standing } from '#webhooks/incident.ts';
import type { Account } from '../account.ts';
import type { ApprovalRow } from '../approvals/machine.ts';
import { reauthUrl } from '../flows/repair-link.ts';
import type { AccountRow, StatusCause } from '../rows.ts';

/** The account as the machine of incidents sees it. */
export function standingOf(account: AccountRow): Standing {
  const dead =
    account.status === 'reauth_required' ||
    (account.status === 'disabled' && account.statusBefore === 'reauth_required');
  const trouble: Standing['trouble'] = dead
    ? { kind: 'reauth', told: account.reauthTold }
    : account.degradedCause === null
      ? null
      : { kind: 'degraded', cause: account.degradedCause as DegradedCause };
  const status =
    account.status === 'disabled' || account.status === 'revoked' ? account.status : ('live' as const);
  return { status, trouble };
}

/**
 * Tells `news` about an account that was `before` and is `after`, if it is worth an event. Returns `after` with what it
 * has to remember of it; the caller stores that. Inside a transaction.
 */
export function tell(
  object: Account,
  mac: Uint8Array,
  before: AccountRow,
  after: AccountRow,
  news: News,
): AccountRow {
  const { standing, event } = afterNews(standingOf(before), news);
  const reauthTold = standing.trouble?.kind === 'reauth' && standing.trouble.told;
  const told: AccountRow = { ...after, reauthTold };
  if (event !== null) append(object, mac, told, eventOf(object, mac, before, told, event, news));
  return told;
}

/** Every refresh, for endpoints that ask for it by name. Inside a transaction. */
export function tellRefreshed(object: Account, mac: Uint8Array, account: AccountRow): void {
  if (object.outbox.wantsRefreshed()) append(object, mac, account, { type: 'connected_account.refreshed' });
}

function append(object: Account, mac: Uint8Array, account: EventAccount, event: AccountEvent): void {
  object.outbox.appendAccountEvent(mac, account, event, object.now());
}

/** A person is asked about a request of an agent. Inside a transaction. */
export function tellApprovalRequired(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  row: ApprovalRow,
  approvalUrl: string | null,
): void {
  const { id: approvalId, agent, action, tool, method, path, purpose, reason, endsAtMs } = row;
  const asked = { agent, approvalId, approvalUrl, action, tool, method, path, purpose, reason };
  append(object, mac, account, { type: 'agent.approval_required', ...asked, expiresAtMs: endsAtMs });
}

/** A question is over, by a person or by its time. Inside a transaction. */
export function tellApprovalDecided(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  { id: approvalId, agent, status, decidedBy }: ApprovalRow,
): void {
  if (status !== 'approved' && status !== 'denied' && status !== 'expired')
    throw new Error(`internal: an approval that is ${status} was not decided now`);
  append(object, mac, account, { type: 'agent.approval_decided', agent, approvalId, status, decidedBy });
}

/** A candidate waits for the operator, who may not have ordered the flow. Inside a transaction. */
export function tellConfirmationRequired(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  sessionId: string,
  subjectLabel: string | null,
): void {
  append(object, mac, account, { type: 'agent.auth.confirmation_required', sessionId, subjectLabel });
}

/** The grant comes to its absolute end. Inside a transaction. */
export function tellExpiring(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  reauthDueAtMs: number,
): void {
  append(object, mac, account, { type: 'connected_account.expiring', reauthDueAtMs });
}

/** The last event of a life; the account's row may not be readable any more. Inside a transaction. */
export function tellDeleted(object: Account, mac: Uint8Array, account: EventAccount): void {
  object.outbox.appendAccountEvent(mac, account, { type: 'connected_account.deleted' }, object.now());
}

/** Since when the grant is dead and why: of a disabled account that is what waits for `enable`. */
function causeOfDeath(account: AccountRow): StatusCause {
  if (account.status === 'disabled' && account.causeBefore !== null) return account.causeBefore;
  return {
    reason: account.statusReason,
    sinceMs: account.statusSinceMs,
    providerError: account.statusProviderError,
    evidence: account.statusEvidence,
  };
}

function eventOf(
  object: Account,
  mac: Uint8Array,
  before: AccountRow,
  account: AccountRow,
  type: AccountEventType,
  news: News,
): AccountEvent {
  switch (type) {
    case 'agent.auth.reauth_required': {
      const cause = causeOfDeath(account);
      return {
        type,
        reason: cause.reason ?? 'unknown',
        providerError: cause.providerError,
        evidence: cause.evidence,
        subjectLabel: account.subjectLabel,
        reauthUrl: reauthUrl(object, mac, account),
        sinceMs: cause.sinceMs,
        lastRefreshedAtMs: account.lastRefreshedAtMs,
      };
    }
    case 'agent.auth.succeeded':
      return { type, reconnected: before.status !== 'pending' && before.statusBefore !== 'pending' };
    case 'connected_account.degraded':
      return { type, cause: news.kind === 'trouble' ? news.cause : 'provider_unavailable' };
    case 'agent.auth.confirmation_required':
    case 'agent.approval_required':
    case 'agent.approval_decided':
    case 'connected_account.expiring':
      throw new Error(`internal: ${type} is not told by a change of status`);
    case 'connected_account.refreshed':
    case 'connected_account.recovered':
    case 'connected_account.disabled':
    case 'connected_account.revoked':
    case 'connected_account.deleted':
      return { type };
  }
}
