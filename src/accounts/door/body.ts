/** The JSON of a released credential, every field of the contract's answer. Pure; called at the moment of release. */

import { deadTokenSigns } from '#providers/api-answer.ts';
import { accountUrls, type AccountUrls } from '#providers/account-variables.ts';
import { credentialHeaders, namesWithout } from '#providers/headers.ts';
import { Secret } from '#crypto/secret.ts';
import { isoTime } from '#lib/clock.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';

/** A grant's credential, decrypted for one generation. */
export interface OpenedCredential {
  readonly generation: number;
  /** OAuth: the access token alone. Static: the fields as imported. */
  readonly fields: Readonly<Record<string, Secret>>;
  /** Empty where no credential of the grant can be fingerprinted. */
  readonly fingerprint: string;
  /** What to send to the API, by header name; empty when the template and the values make no valid headers. */
  readonly headers: Readonly<Record<string, Secret>>;
  /** What the headers need and the account does not have; nothing leaves while there is any. */
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

type Secrets = Readonly<Record<string, Secret>>;

export function wrapped(values: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
}

function plain(values: Secrets): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.reveal()]));
}

/** Headers by the provider's habit, made once per generation. */
export function headersFor(
  settings: ConnectionSettings,
  fields: Readonly<Record<string, string>>,
  captured: Readonly<Record<string, string>>,
): Record<string, Secret> {
  const template = settings.descriptor.token_header ?? 'Authorization: Bearer {access_token}';
  return wrapped(credentialHeaders(template, { ...captured, ...fields }) ?? {});
}

/**
 * What the headers need and neither the credential nor its grant has: an imported account brings none of the values that
 * a token answer or a callback would have told. A value that the broker could never learn (a second login of the
 * provider's own) is left out: that token is handed out without headers.
 */
export function unfilledFor(
  settings: ConnectionSettings,
  fields: Readonly<Record<string, string>>,
  captured: Readonly<Record<string, string>>,
): readonly string[] {
  const { descriptor, provider } = settings;
  const names = namesWithout(descriptor.token_header, { ...captured, ...fields });
  if (provider === 'custom' || settings.authType !== 'oauth2') return names;
  const told = [...descriptor.capture_from_token_response, ...descriptor.capture_from_callback];
  return names.filter((name) => told.includes(name));
}

function common(
  account: AccountRow,
  settings: ConnectionSettings,
  credential: OpenedCredential,
): Record<string, unknown> {
  return {
    headers: plain(credential.headers),
    fingerprint: credential.fingerprint,
    connected_account_id: account.accountId,
    connection: account.connection,
    identifier: account.identifier,
    api_base_url: credential.urls(settings, account).apiBaseUrls[0] ?? null,
  };
}

/** The newest body of a credential, and what it was made of. Rows are replaced, never changed. */
interface Made {
  readonly account: AccountRow;
  readonly settings: ConnectionSettings;
  readonly grant: GrantRow;
  readonly expiresInS: number | null;
  readonly body: Secret;
}

const newest = new WeakMap<OpenedCredential, Made>();

/** The answer's JSON. Made once per second and credential: a second request meanwhile gets the same text. */
export function credentialBody(
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
  credential: OpenedCredential,
  nowMs: number,
): string {
  const endsAtMs = grant.accessExpiresAtMs;
  const expiresInS = endsAtMs === null ? null : Math.max(1, Math.floor((endsAtMs - nowMs) / 1000));
  const made = newest.get(credential);
  if (
    made?.account === account &&
    made.settings === settings &&
    made.grant === grant &&
    made.expiresInS === expiresInS
  ) {
    return made.body.reveal();
  }
  const body = bodyOf(account, settings, grant, credential, expiresInS);
  newest.set(credential, { account, settings, grant, expiresInS, body: new Secret(body) });
  return body;
}

/** The same answer with what a client needs that calls the API by itself. */
export function withApiDetails(
  body: string,
  account: AccountRow,
  settings: ConnectionSettings,
  credential: OpenedCredential,
): string {
  const { apiBaseUrls } = credential.urls(settings, account);
  const api = { base_urls: apiBaseUrls, dead_token: deadTokenSigns(settings.descriptor) };
  return `${body.slice(0, -1)},"api":${JSON.stringify(api)}}`;
}

/** The one text that a client needs, so that a caller need not know the kind; null where no one field is it. */
function valueOf(fields: Readonly<Record<string, string>>): string | null {
  const [only, ...others] = Object.values(fields);
  // Some providers take their key as the user name, and an empty password beside it.
  const secret = fields['password'] === '' ? fields['username'] : fields['password'];
  const named = fields['access_token'] ?? fields['api_key'] ?? secret;
  return named ?? (others.length === 0 ? (only ?? null) : null);
}

function bodyOf(
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
  credential: OpenedCredential,
  expiresInS: number | null,
): string {
  const fields = plain(credential.fields);
  const rest = { ...common(account, settings, credential), value: valueOf(fields) };
  switch (account.credentialType) {
    case 'oauth2':
      return JSON.stringify({
        type: 'oauth2',
        access_token: fields['access_token'],
        token_type: grant.tokenType,
        expires_at: isoTime(grant.accessExpiresAtMs),
        expires_in: expiresInS,
        scope: grant.scopes === null ? null : grant.scopes.join(' '),
        ...rest,
      });
    case 'api_key':
      return JSON.stringify({
        type: 'api_key',
        api_key: fields['api_key'],
        apiKey: fields['api_key'],
        ...rest,
      });
    case 'basic':
      return JSON.stringify({
        type: 'basic',
        username: fields['username'],
        password: fields['password'],
        ...rest,
      });
    case 'custom':
      return JSON.stringify({ type: 'custom', fields, ...rest });
  }
}
