/** Opens what an exchange needs: the presented refresh token, what is carried over, the client's secrets. */

import { decryptText, openDataKey, type DataKey, type Owner } from '#crypto/envelope.ts';
import { accountOwner, grantPlace, type GrantField } from '#crypto/places.ts';
import { ringOf } from '#crypto/ring-cache.ts';
import type { Config } from '#env.ts';
import { ok } from '#lib/result.ts';
import type { ConnectionSettings } from '#providers/settings.ts';
import { isMachineType } from '#contract/machine/kinds.ts';
import { credentialFrom, type MachineCredential } from '#providers/machine/credential.ts';
import type { ExchangeRequest } from '#refresh/exchange/exchange-request.ts';
import { openClientSecrets } from './client-secrets.ts';

export type Request = ExchangeRequest<ConnectionSettings>;

/** In plain for the time of one call. */
export interface Opened {
  readonly owner: Owner;
  readonly key: DataKey;
  /** Presented: a refresh token, or the text of a machine's credential. */
  readonly refreshToken: string;
  /** What that text holds; null for a grant of a user's. */
  readonly machine: MachineCredential | null;
  /** The present one, which stays where the answer brings none for all scopes; null: none is stored. */
  readonly accessToken: string | null;
  readonly captured: Readonly<Record<string, string>>;
  readonly clientSecrets: readonly string[];
}

/** Where the text that an exchange presents is stored: a machine's credential is never opened as a refresh token. */
export function presentedField({ settings, exchanges }: Pick<Request, 'settings' | 'exchanges'>): GrantField {
  if (exchanges === true) return 'subject_token';
  return isMachineType(settings.authType) ? 'machine_credential' : 'refresh_token';
}

/** `problem`: the code of what did not open. */
export async function open(config: Config, request: Request): Promise<Opened | { problem: string }> {
  const ring = await ringOf(config.masterKeys);
  if (!ring.ok) return { problem: ring.error.code };
  const owner = accountOwner(request.accountId, request.organization, request.incarnation);
  const key = await openDataKey(ring.value, owner, request.dataKey);
  if (!key.ok) return { problem: key.error.code };
  const stored = (field: GrantField, text: string): ReturnType<typeof decryptText> =>
    decryptText(key.value, grantPlace(owner, request.grantId, field, request.generationFrom), text);
  const isMachine = isMachineType(request.settings.authType);
  const refreshToken = await stored(presentedField(request), request.refreshToken);
  if (!refreshToken.ok) return { problem: refreshToken.error.code };
  const accessToken =
    request.accessToken === null ? ok(null) : await stored('access_token', request.accessToken);
  if (!accessToken.ok) return { problem: accessToken.error.code };
  const captured = request.captured === null ? ok('{}') : await stored('captured', request.captured);
  if (!captured.ok) return { problem: captured.error.code };
  const clientSecrets = await openClientSecrets(ring.value, request.settings);
  if ('problem' in clientSecrets) return clientSecrets;
  return {
    owner,
    key: key.value,
    refreshToken: refreshToken.value,
    machine: isMachine ? credentialFrom(refreshToken.value) : null,
    accessToken: accessToken.value,
    captured: JSON.parse(captured.value),
    clientSecrets,
  };
}
