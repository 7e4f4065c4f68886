/** An approval as it is shown: with the names of its account, and as a row of the directory's list. Pure. */

import type { ApprovalIndexRow } from '#directory/approvals/index-rows.ts';
import type { AccountState } from '../store.ts';
import { approvalToken } from './link.ts';
import type { ApprovalRow } from './machine.ts';
import type { ApprovalView } from './requests.ts';

export function viewOf(mac: Uint8Array, { account, settings }: AccountState, row: ApprovalRow): ApprovalView {
  const { key: _key, ...shown } = row;
  return {
    ...shown,
    accountId: account.accountId,
    connection: account.connection,
    provider: account.provider,
    providerName: settings.descriptor.display_name,
    identifier: account.identifier,
    organization: account.organization,
    subjectLabel: account.subjectLabel,
    token: approvalToken(mac, account, row.id),
  };
}

/** Neither the link nor what is sent stands in the directory. */
export function indexRowOf({ account }: AccountState, row: ApprovalRow, nowMs: number): ApprovalIndexRow {
  const { id, agent, status, createdAtMs, updatedAtMs, key: _key, preview: _preview, ...more } = row;
  return {
    id,
    accountId: account.accountId,
    connection: account.connection,
    identifier: account.identifier,
    organization: account.organization,
    agent,
    status,
    more,
    createdAtMs,
    updatedAtMs,
    indexedAtMs: nowMs,
  };
}
