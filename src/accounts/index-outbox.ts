/** Brings what lists show to the directory. The timer stays until the directory has it; tokens never wait for it. */

import { deleteAccountIndex, upsertAccountIndex } from '#directory/account-index.ts';
import { kidOf } from '#crypto/envelope.ts';
import { awaitsConfirmation } from './flow-sessions.ts';
import { present } from './present.ts';
import type { Room } from './room.ts';
import type { AccountState } from './store.ts';
import type { OpenedAccount } from './vault.ts';

/** @throws when the directory does not answer: the timer is then postponed. */
export async function indexAccount(room: Room, opened: OpenedAccount | null): Promise<void> {
  const state = opened === null ? null : room.store.state(opened.key.mac);
  if (state === null || opened === null) {
    const grave = room.store.tombstone();
    if (grave !== null) await deleteAccountIndex(room.config.directory, grave.accountId);
  } else {
    const { account, grants } = state;
    await upsertAccountIndex(room.config.directory, {
      id: account.accountId,
      connection: account.connection,
      provider: account.provider,
      identifier: account.identifier,
      organization: account.organization,
      status: awaitsConfirmation(room, opened.key.mac, state) ? 'pending_confirmation' : account.status,
      statusReason: account.statusReason,
      statusSinceMs: account.statusSinceMs,
      subject: holderOf(room, opened.key.mac, state),
      subjectLabel: account.subjectLabel,
      credentialType: account.credentialType,
      scopes: [...new Set(grants.flatMap((grant) => grant.scopes ?? []))],
      expiresAtMs: grants[0]?.accessExpiresAtMs ?? null,
      metadata: account.metadata,
      createdAtMs: account.createdAtMs,
      updatedAtMs: account.updatedAtMs,
      resource: JSON.stringify(present(room, opened.key.mac, state)),
      kid: kidOf(account.dataKey),
      indexedAtMs: room.now(),
      beats: room.timers.get('beat') !== null,
    });
  }
  // Every write makes a new state: one that came in while the directory was written keeps the timer.
  const unchanged =
    state === null || opened === null
      ? room.store.keyMaterial() === null
      : room.store.state(opened.key.mac) === state;
  if (unchanged) room.store.transaction(() => room.timers.clear('index'));
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
