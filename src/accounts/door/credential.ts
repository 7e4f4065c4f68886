/**
 * A credential in the memory of its object: decrypted for one generation, wrapped, with what was made of it once. Calls
 * get in its place what it does to a request (`providers/injection`).
 */

import { isRenewedType } from '#contract/machine/kinds.ts';
import { Secret } from '#crypto/secret.ts';
import { accountUrls, type AccountUrls } from '#providers/variables/account-variables.ts';
import { namesWithout } from '#providers/requests/headers.ts';
import {
  injectionOf,
  originsOf,
  type Injection,
  type ReleasedInjection,
} from '#providers/injection/injection.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';

/** A grant's credential, decrypted for one generation. */
export interface OpenedCredential {
  readonly generation: number;
  /** OAuth: the access token alone. Static: the fields as imported. */
  readonly fields: Readonly<Record<string, Secret>>;
  /** Empty where no credential of the grant can be fingerprinted. */
  readonly fingerprint: string;
  /** JSON of what it does to a request; null when the templates and the values make no valid one. */
  readonly injection: Secret | null;
  /** The secret of the deployment that it names and that is not there, or is no such credential; null: none is missing. */
  readonly absent?: string | null;
  /** The values that the request needs and the account does not have; nothing leaves while there is any. */
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

/** The injection of a credential, by the provider's habit: made once per generation. */
export function injectionFor(
  { descriptor, clientId }: ConnectionSettings,
  fields: Readonly<Record<string, string>>,
  captured: Readonly<Record<string, string>>,
  clientSecret: string | null = null,
): Secret | null {
  const injection = injectionOf(descriptor, fields, captured, { id: clientId, secret: clientSecret });
  return injection === null ? null : new Secret(JSON.stringify(injection));
}

/** The injection of a credential, plain: for use at once. */
export function injectionIn({ injection }: OpenedCredential): Injection | null {
  return injection === null ? null : (JSON.parse(injection.reveal()) as Injection);
}

/**
 * What the request needs and neither the credential nor its grant has: an imported account brings none of the values that
 * a token answer or a callback would have told. A value that the broker could never learn (a second login of the
 * provider's own) is left out: that token is handed out without headers.
 */
export function unfilledFor(
  settings: ConnectionSettings,
  fields: Readonly<Record<string, string>>,
  captured: Readonly<Record<string, string>>,
): readonly string[] {
  const { descriptor, provider } = settings;
  const values = { ...captured, ...fields };
  if (descriptor.signer !== undefined) return [];
  const templates = [descriptor.token_header, descriptor.token_query ?? null];
  const names = [...new Set(templates.flatMap((template) => namesWithout(template, values)))];
  if (provider === 'custom' || !isRenewedType(settings.authType)) return names;
  const told = [...descriptor.capture_from_token_response, ...descriptor.capture_from_callback];
  return names.filter((name) => told.includes(name));
}

/** The injection for a call that uses the credential; null where nothing says how this API takes it. */
export function releasedInjection(
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
  credential: OpenedCredential,
): ReleasedInjection<string> | null {
  if (credential.injection === null) return null;
  const { apiBaseUrls } = credential.urls(settings, account);
  return {
    accountId: account.accountId,
    connection: account.connection,
    identifier: account.identifier,
    provider: settings.provider,
    apiBaseUrls,
    requestHeaders: settings.descriptor.api_request_headers ?? [],
    responseHeaders: settings.descriptor.api_response_headers ?? [],
    signs: {
      api_signals: settings.descriptor.api_signals,
      api_dead_token_signals_with_200: settings.descriptor.api_dead_token_signals_with_200,
      signer: settings.descriptor.signer,
    },
    origins: originsOf(apiBaseUrls),
    expiresAtMs: grant.accessExpiresAtMs,
    fingerprint: credential.fingerprint,
    secret: credential.injection.reveal(),
  };
}
