/** The account's row in the directory's lists; `objects/index-report.ts` brings it there. Tokens never wait for it. */

import {
  deleteAccountIndex,
  upsertAccountIndex,
  type AccountIndexRow,
} from '#directory/indexes/account-index.ts';
import { deleteApprovalIndex } from '#directory/approvals/index-rows.ts';
import { kidOf } from '#crypto/envelope.ts';
import { reportIndex } from '#objects/index-report.ts';
import type { Account } from '../account.ts';
import { awaitsConfirmation } from '../flows/sessions/upkeep.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';
import { present } from './present.ts';

/** @throws when the directory does not answer: the timer is then postponed. */
export function indexAccount(object: Account, opened: OpenedAccount | null): Promise<void> {
  const state = opened === null ? null : object.store.state(opened.key.mac);
  if (state === null || opened === null) {
    const { store, config } = object;
    const grave = store.tombstone();
    return reportIndex(object, {
      write: async () => {
        if (grave === null) return;
        await deleteAccountIndex(config.directory, grave.accountId);
        await deleteApprovalIndex(config.directory, grave.accountId);
      },
      isCurrent: () => store.keyMaterial() === null,
    });
  }
  const { mac } = opened.key;
  return reportIndex(object, {
    write: () => upsertAccountIndex(object.config.directory, entryOf(object, mac, state)),
    // Every write makes a new state.
    isCurrent: () => object.store.state(mac) === state,
  });
}

/** The account as lists show it. */
function entryOf(object: Account, mac: Uint8Array, state: AccountState): AccountIndexRow {
  const { account, grants } = state;
  return {
    id: account.accountId,
    connection: account.connection,
    provider: account.provider,
    identifier: account.identifier,
    organization: account.organization,
    status: awaitsConfirmation(object, mac, state) ? 'pending_confirmation' : account.status,
    statusReason: account.statusReason,
    statusSinceMs: account.statusSinceMs,
    subject: holderOf(object, mac, state),
    subjectLabel: account.subjectLabel,
    credentialType: account.credentialType,
    scopes: [...new Set(grants.flatMap((grant) => grant.scopes ?? []))],
    expiresAtMs: grants[0]?.accessExpiresAtMs ?? null,
    metadata: account.metadata,
    createdAtMs: account.createdAtMs,
    updatedAtMs: account.updatedAtMs,
    resource: JSON.stringify(present(object, mac, state)),
    kid: kidOf(account.dataKey),
    indexedAtMs: object.now(),
    beats: object.timers.get('beat') !== null,
  };
}

/**
 * Whose grants lie here, for the caller that is about to revoke a grant at its provider; a candidate counts as a grant.
 * Null: the user is unknown, or there are several.
 */
function holderOf(object: Account, mac: Uint8Array, { account, grants }: AccountState): string | null {
  const waiting = object.store.flows.candidates(mac).map(({ subject }) => subject);
  const subjects = new Set([...(grants.length > 0 ? [account.subject] : []), ...waiting]);
  if (subjects.size > 1) return null;
  return [...subjects][0] ?? account.subject;
}
