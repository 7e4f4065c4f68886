/**
 * A grant that a browser brings home to an account that is gone, or lives again. Nothing of it is kept but what ends it
 * at its provider: a job like those that the deletion itself leaves, under the wrapped key that the claim took along.
 * Refuses to decide whether it may be revoked (`providers/requests/revocation.ts`): a grant that another account holds is
 * spared.
 */

import { accountOwner } from '#crypto/places.ts';
import { clientOf } from '#providers/clients.ts';
import type { Account } from '../account.ts';
import type { ArriveRequest } from '../flows/requests.ts';
import { grantIdOf } from '../flows/sessions/upkeep.ts';
import { revocationId } from './revocation-table.ts';
import { revokeLater } from './revocation.ts';

/**
 * Is the life of the account over in which a claim was made? Unauthenticated: the next step opens the claim or does
 * nothing.
 */
export function hasEnded({ store }: Account, incarnation: number): boolean {
  const present = store.keyMaterial() ?? store.tombstone();
  return present !== null && present.incarnation > incarnation;
}

/**
 * Notes it to be revoked. Twice is once: the callback may not have heard that it was taken.
 *
 * @returns what the callback is told; `vault_locked`: come again, the ring may be put right
 */
export async function takeLateGrant(
  object: Account,
  { finding, life, settings, incarnation, generation }: ArriveRequest,
): Promise<'not_found' | 'vault_locked'> {
  const { store, vault } = object;
  const present = store.keyMaterial() ?? store.tombstone();
  if (finding.kind !== 'granted' || life === undefined || present === null) return 'not_found';
  const { accountId, organization } = present;
  // A key opens only as this account's, of that life: no other account's key passes for it.
  const opened = await vault.openLife(accountOwner(accountId, organization, incarnation), life.dataKey);
  if (!opened.ok) return opened.error.code === 'vault_locked' ? 'vault_locked' : 'not_found';
  const { tokens, identity } = finding;
  const grant = { id: grantIdOf(generation), generation, client: clientOf(settings), ...tokens };
  const account = { ...life, accountId, organization, incarnation, connection: settings.id };
  await vault.withKey((mac) =>
    store.transaction(() => {
      if (store.revocations.get(revocationId({ incarnation, grantId: grant.id, generation })) !== null)
        return;
      const ended = { account, settings, grant, subject: identity.subject, cause: 'came_too_late' } as const;
      revokeLater(object, mac, ended, opened.value.key.mac);
    }),
  );
  return 'not_found';
}
