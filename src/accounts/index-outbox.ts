/** What the directory's lists show of an account; `objects/index-report.ts` brings it there. Tokens never wait for it. */

import { deleteAccountIndex, upsertAccountIndex, type AccountIndexRow } from '#directory/account-index.ts';
import { kidOf } from '#crypto/envelope.ts';
import { reportIndex } from '#objects/index-report.ts';
import { awaitsConfirmation } from './flow-sessions.ts';
import { present } from './present.ts';
import type { Room } from './room.ts';
import type { AccountState } from './store.ts';
import type { OpenedAccount } from './vault.ts';

/** @throws when the directory does not answer: the timer is then postponed. */
export function indexAccount(room: Room, opened: OpenedAccount | null): Promise<void> {
  const state = opened === null ? null : room.store.state(opened.key.mac);
  if (state === null || opened === null) {
    const { store, config } = room;
    const grave = store.tombstone();
    return reportIndex(room, {
      write: async () => grave === null || deleteAccountIndex(config.directory, grave.accountId),
      isCurrent: () => store.keyMaterial() === null,
    });
  }
  const { mac } = opened.key;
  return reportIndex(room, {
    write: () => upsertAccountIndex(room.config.directory, entryOf(room, mac, state)),
    // Every write makes a new state.
    isCurrent: () => room.store.state(mac) === state,
  });
}

/** What lists show of the account. */
function entryOf(room: Room, mac: Uint8Array, state: AccountState): AccountIndexRow {
  const { account, grants } = state;
  return {
    id: account.accountId,
    connection: account.connection,
    provider: account.provider,
    identifier: account.identifier,
    organization: account.organization,
    status: awaitsConfirmation(room, mac, state) ? 'pending_confirmation' : account.status,
    statusReason: account.statusReason,
    statusSinceMs: account.statusSinceMs,
    subject: holderOf(room, mac, state),
    subjectLabel: account.subjectLabel,
    credentialType: account.credentialType,
    scopes: [...new Set(grants.flatMap((grant) => grant.scopes ?? []))],
    expiresAtMs: grants[0]?.accessExpiresAtMs ?? null,
    metadata: account.metadata,
    createdAtMs: account.createdAtMs,
    updatedAtMs: account.updatedAtMs,
    resource: JSON.stringify(present(room, mac, state)),
    kid: kidOf(account.dataKey),
    indexedAtMs: room.now(),
    beats: room.timers.get('beat') !== null,
  };
}

/**
 * Whose grants lie here, for whoever asks before one is revoked at its provider; a candidate is one too. Null: nobody
 * knows, or those of several.
 */
function holderOf(room: Room, mac: Uint8Array, { account, grants }: AccountState): string | null {
  const waiting = room.store.flows.candidates(mac).map(({ subject }) => subject);
  const subjects = new Set([...(grants.length > 0 ? [account.subject] : []), ...waiting]);
  if (subjects.size > 1) return null;
  return [...subjects][0] ?? account.subject;
}
