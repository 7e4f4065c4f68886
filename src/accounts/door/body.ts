/** The JSON of a released credential, every field of the contract's answer. Pure; called at the moment of release. */

import { deadTokenSigns } from '#providers/answers/api-answer.ts';
import { Secret } from '#crypto/secret.ts';
import { isoTime } from '#lib/clock.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';
import { injectionIn, type OpenedCredential } from './credential.ts';

function plain(values: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.reveal()]));
}

function common(
  account: AccountRow,
  settings: ConnectionSettings,
  credential: OpenedCredential,
  end: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { headers, query } = injectionIn(credential) ?? { headers: {}, query: {} };
  return {
    headers,
    // Only where an API takes it in the URL.
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...end,
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
  // A token's end has its place; of a static credential it is told where there is one.
  const end =
    grant.staticFields === null || expiresInS === null
      ? {}
      : { expires_at: isoTime(grant.accessExpiresAtMs), expires_in: expiresInS };
  const rest = { ...common(account, settings, credential, end), value: valueOf(fields) };
  switch (account.credentialType) {
    case 'session_token':
      return JSON.stringify({
        type: 'session_token',
        expires_at: isoTime(grant.accessExpiresAtMs),
        expires_in: expiresInS,
        ...rest,
      });
    case 'oauth2':
    case 'oauth2_client_credentials':
    case 'jwt_bearer':
    case 'github_app_installation':
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
    case 'oauth1':
    case 'aws':
      throw new Error('internal: a credential that signs was to be handed out');
  }
}
