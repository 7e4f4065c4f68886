/** A credential in the memory of its object: decrypted for one generation, wrapped, with what was made of it once. */

import { accountUrls, type AccountUrls } from '#providers/account-variables.ts';
import { Secret } from '#crypto/secret.ts';
import type { AccountRow, ConnectionSettings } from '../rows.ts';

/** A grant's credential, decrypted for one generation. */
export interface OpenedCredential {
  readonly generation: number;
  /** OAuth: the access token alone. Static: the fields as imported. */
  readonly fields: Readonly<Record<string, Secret>>;
  /** Empty where no credential of the grant can be fingerprinted. */
  readonly fingerprint: string;
  /** JSON of what it does to a request; null when the templates and the values make no valid one. */
  readonly injection: Secret | null;
  /** What the request needs and the account does not have; nothing leaves while there is any. */
  readonly unfilled: readonly string[];
  /** Where the account's API is, by these rows; nothing leaves while a part of it is missing. */
  readonly urls: (settings: ConnectionSettings, account: Pick<AccountRow, 'variables'>) => AccountUrls;
}

/** The URLs of what a grant has captured, made anew with each change of the connection or of the account's variables. */
export function urlsFrom(captured: Readonly<Record<string, string>>): OpenedCredential['urls'] {
  let made: { settings: ConnectionSettings; given: AccountRow['variables']; urls: AccountUrls } | null = null;
  return (settings, { variables: given }) => {
    if (made?.settings !== settings || made.given !== given)
      made = { settings, given, urls: accountUrls(settings.descriptor, { captured, given }) };
    return made.urls;
  };
}

export function wrapped(values: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
}
