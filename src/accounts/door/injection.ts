/**
 * What a credential does to a request, at the door: made once per generation, kept as one secret text, and handed to
 * calls in place of the credential itself. Which request it does what to is `providers/injection`'s.
 */

import { Secret } from '#crypto/secret.ts';
import { namesWithout } from '#providers/headers.ts';
import {
  injectionOf,
  originsOf,
  type Injection,
  type ReleasedInjection,
} from '#providers/injection/injection.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';
import type { OpenedCredential } from './credential.ts';

/** What it does to a request by the provider's habit, made once per generation. */
export function injectionFor(
  { descriptor }: ConnectionSettings,
  fields: Readonly<Record<string, string>>,
  captured: Readonly<Record<string, string>>,
): Secret | null {
  const injection = injectionOf(descriptor, fields, captured);
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
  const templates = [descriptor.token_header, descriptor.token_query ?? null];
  const names = [...new Set(templates.flatMap((template) => namesWithout(template, values)))];
  if (provider === 'custom' || settings.authType !== 'oauth2') return names;
  const told = [...descriptor.capture_from_token_response, ...descriptor.capture_from_callback];
  return names.filter((name) => told.includes(name));
}

/** What a call gets that uses the credential; null where nothing says how this API takes it. */
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
    apiBaseUrls,
    origins: originsOf(apiBaseUrls),
    expiresAtMs: grant.accessExpiresAtMs,
    fingerprint: credential.fingerprint,
    secret: credential.injection.reveal(),
  };
}
