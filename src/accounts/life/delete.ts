/**
 * The end of an account: its rows are erased, its grants revoked later at the provider, and what outlives it is signed
 * anew under the key of a next life. Refuses to revoke anything by itself, and to erase the audit ring or the outbox.
 */

import type { RequestContext } from '#audit/record.ts';
import { accountOwner } from '#crypto/places.ts';
import { err, ok, type Result } from '#lib/result.ts';
import { record, type Account } from '../account.ts';
import { armRevocations, revokeGrantsLater, revokeLater } from '../ending/revocation.ts';
import type { AccountState } from '../store.ts';
import { tellDeleted } from './events.ts';
import { authentic, intactFlows, isForeign, type Obstacle } from './living.ts';

/**
 * Erases the account, also one whose rows cannot be trusted any more. What stays: the tombstone with the next life's
 * key, and the audit chain, whose head is signed anew because its key goes with the account.
 *
 * @param forgetCredentials drops what was opened of its grants
 * @param organization of a bound caller, who reaches no other's; null: unbound
 * @param quiet no event is made: none has told of the account before
 */
export async function deleteAccount(
  object: Account,
  forgetCredentials: () => void,
  organization: string | null,
  context: RequestContext,
  quiet = false,
): Promise<Result<null, Obstacle>> {
  const { store, vault } = object;
  if (isForeign(object, organization)) return err({ code: 'not_found' });
  const old = await vault.open();
  if (!old.ok && old.error.code === 'vault_locked') return old;
  const claimed = store.keyMaterial();
  if (claimed === null) return old.ok ? err({ code: 'not_found' }) : old;
  // Of rows of another account nothing is told in this one's name, and they are not this one's to erase.
  if (!old.ok && !vault.isOwn(claimed.accountId)) return old;
  const owner = accountOwner(claimed.accountId, claimed.organization, claimed.incarnation + 1);
  const next = await vault.keyForNewLife(owner, null);
  if (!next.ok) return next;
  const { wrapped, life: heir } = next.value;
  const names = store.claimedNames();
  if (names === null || (organization !== null && names.organization !== organization))
    return err({ code: 'not_found' });
  // Another request has deleted it while the key was drawn, and it may live again.
  const present = store.keyMaterial();
  if (present?.incarnation !== claimed.incarnation)
    return deleteAccount(object, forgetCredentials, organization, context, quiet);
  const mac = (old.ok && old.value !== null ? old.value : heir).key.mac;
  store.transaction(() => {
    record(
      object,
      { ...names, accountId: claimed.accountId },
      mac,
      { action: 'account.delete', outcome: 'ok' },
      context,
    );
    if (!quiet) tellDeleted(object, mac, { ...names, accountId: claimed.accountId });
    // Rows that were changed outside the broker could send any token to any place.
    const state = old.ok && old.value !== null ? authentic(() => store.state(mac)) : null;
    if (state?.ok && state.value !== null) revokeAll(object, mac, state.value);
    object.outbox.resign(mac, heir.key.mac);
    object.ring.resign(mac, heir.key.mac);
    store.bury(heir.key.mac, {
      accountId: claimed.accountId,
      organization: claimed.organization,
      incarnation: owner.incarnation,
      dataKey: wrapped,
      // As it is now: an attempt or a flow may have drawn one while the key was drawn.
      generationCounter: present.generationCounter,
      deletedAtMs: object.now(),
    });
    object.timers.set('index', object.now());
    object.timers.set('outbox', object.now());
    armRevocations(object);
  });
  object.waiting.changed();
  object.lastUse.atMs = null;
  forgetCredentials();
  return ok(null);
}

/** Everything that the account holds, what waits for a confirmation too. */
function revokeAll(object: Account, mac: Uint8Array, state: AccountState): void {
  revokeGrantsLater(object, mac, state, 'account_deleted');
  const { account, settings } = state;
  const flows = intactFlows(object, mac);
  for (const { grant, subject } of flows.ok ? flows.value : [])
    revokeLater(object, mac, { account, settings, grant, subject, cause: 'account_deleted' });
  const proofs = authentic(() => object.store.flows.proofs(mac));
  for (const { grant, proof } of proofs.ok ? proofs.value : [])
    revokeLater(object, mac, { account, ...proof, grant, subject: null, cause: 'account_deleted' });
}
