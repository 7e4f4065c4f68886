/**
 * What an account makes of the cut-offs that reach it with a call, beside its own copy of the connection. Pure. A list
 * may only close: it comes from the directory unauthenticated, so what opens again is believed to the copy alone, which
 * is fetched anew (`behind`) before a refusal.
 */

import type { CutOffs, DeletedConnection } from '#directory/revocations/cut-offs.ts';
import type { Refusal } from '../door/answer.ts';
import type { AccountRow, ConnectionSettings } from '../rows.ts';

type Life = Pick<AccountRow, 'connection' | 'createdAtMs'>;

/** Is the account of a life of its connection that has ended? */
export function isBuried(account: Life, settings: ConnectionSettings, grave: DeletedConnection): boolean {
  return (
    grave.connection === account.connection &&
    (account.createdAtMs <= grave.deletedAtMs || settings.version <= grave.version)
  );
}

function isClosedBy(account: Life, settings: ConnectionSettings, list: CutOffs | null): boolean {
  const closed = list?.proxyOnly.find(({ connection }) => connection === account.connection);
  return closed !== undefined && closed.version > settings.version;
}

/** Should the account look for newer settings before it says that its credential does not leave? */
export function isBehind(account: Life, settings: ConnectionSettings, list: CutOffs | null): boolean {
  return settings.tokenAccess === 'proxy_only' || isClosedBy(account, settings, list);
}

/** Why no agent uses this account any more, in any status; null: its connection is there. */
export function deletedRefusal(
  account: Life,
  settings: ConnectionSettings,
  list: CutOffs | null,
): (Refusal & { code: 'account_revoked' }) | null {
  return list?.deleted.some((grave) => isBuried(account, settings, grave)) === true
    ? { code: 'account_revoked', detail: 'the connection of this account was deleted' }
    : null;
}

/** Why its credential does not leave, in any status, though it may be used here; null: the connection allows it. */
export function proxyOnlyRefusal(
  account: Life,
  settings: ConnectionSettings,
  list: CutOffs | null,
): Refusal | null {
  return settings.tokenAccess === 'proxy_only' || isClosedBy(account, settings, list)
    ? { code: 'account_sealed', detail: 'credentials of this connection are used by the proxy alone' }
    : null;
}
