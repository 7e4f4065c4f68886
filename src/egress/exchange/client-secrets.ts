/** Opens the client secrets of a connection for the time of one call. */

import { decryptText, openDataKey, type Place } from '#crypto/envelope.ts';
import type { Keyring } from '#crypto/keyring.ts';
import { clientSecretPlace, CONNECTIONS_OWNER, ownClientSecretPlace } from '#crypto/places.ts';
import type { ConnectionSettings } from '#providers/settings.ts';

/** In the order in which they are tried; `problem`: the code of what did not open. */
export async function openClientSecrets(
  ring: Keyring,
  settings: ConnectionSettings,
): Promise<readonly string[] | { readonly problem: string }> {
  if (settings.inForce?.isGone === true) return { problem: 'client_gone' };
  if (settings.clientSecrets.length === 0) return [];
  const key = await openDataKey(ring, CONNECTIONS_OWNER, settings.dataKey);
  if (!key.ok) return { problem: key.error.code };
  const secrets: string[] = [];
  for (const [index, text] of settings.clientSecrets.entries()) {
    const secret = await decryptText(key.value, placeOf(settings, index), text);
    if (!secret.ok) return { problem: secret.error.code };
    secrets.push(secret.value);
  }
  return secrets;
}

function placeOf({ id, clientId, inForce }: ConnectionSettings, index: number): Place {
  if (inForce === undefined) return clientSecretPlace(id, index);
  return ownClientSecretPlace(id, { organization: inForce.organization, clientId: clientId ?? '' }, index);
}
