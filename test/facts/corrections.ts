/**
 * Where the facts contradict themselves, say in prose what the catalogue needs as data, or would do harm if they were
 * taken as they are: one function per provider, with the reason beside it.
 */

import type { DescriptorInput } from '#providers/descriptor.ts';

type Entry = DescriptorInput;
type Row = NonNullable<Entry['terminal_refresh_errors']>[number];

const CONTRADICTED_BY_401: Row = {
  status: 401,
  error: 'Authorization Error',
  field: 'message',
  also: [{ path: 'errors[].resource', equals: 'Application' }],
  means: 'client id or secret invalid',
  recovery: 'fix_client_credentials',
};

/** A user name and password, where the template has two names of the provider's own. */
const asBasic = (entry: Entry, template: string, username: string, password?: string): Entry => ({
  ...entry,
  token_header: `Authorization: Basic base64(${template})`,
  credential_fields: [
    { name: 'username', label: username },
    ...(password === undefined ? [] : [{ name: 'password', label: password }]),
  ],
});

/** Several values in several headers are no API key: they are imported as fields of their own. */
const asFields = (entry: Entry, ...fields: [name: string, label: string][]): Entry => ({
  ...entry,
  auth_type: 'custom',
  credential_fields: fields.map(([name, label]) => ({ name, label })),
});

const withReason = (entry: Entry, reasons: Readonly<Record<string, Row['reason']>>): Entry => ({
  ...entry,
  terminal_refresh_errors: (entry.terminal_refresh_errors ?? []).map((row) => {
    const reason = reasons[row.description_contains ?? row.error ?? ''];
    return reason === undefined ? row : { ...row, reason };
  }),
});

const withoutRow = (entry: Entry, matches: (row: Row) => boolean): Entry => ({
  ...entry,
  terminal_refresh_errors: (entry.terminal_refresh_errors ?? []).filter((row) => !matches(row)),
});

const setPattern = (entry: Entry, name: string, pattern: string): Entry => ({
  ...entry,
  url_template_vars: Object.fromEntries(
    Object.entries(entry.url_template_vars ?? {}).map(([key, variable]) => [
      key,
      key === name ? { ...variable, pattern } : variable,
    ]),
  ),
});

const slackRows = (entry: Entry) => withReason(entry, { token_expired: 'refresh_token_expired' });

const ZOHO_DOMAINS = 'com|eu|in|com\\.au|jp|com\\.cn|sa|ca|uk';
const zoho = (entry: Entry) =>
  // `[a-z.]+` behind `zohoapis.` would let the answer name `www.zohoapis.attacker.example`.
  setPattern(entry, 'api_domain', `^https://www\\.zohoapis\\.(${ZOHO_DOMAINS})$`);

const salesforce = (entry: Entry): Entry => ({
  ...entry,
  api_signals: [
    { status: 401, field: '[].errorCode', equals: 'INVALID_SESSION_ID', means: 'permission_lost' },
    { status: 403, field: '[].errorCode', equals: 'REQUEST_LIMIT_EXCEEDED', means: 'unrelated' },
  ],
});

const MICROSOFT_REASONS: Readonly<Record<string, Row['reason']>> = {
  AADSTS700082: 'refresh_token_idle',
  AADSTS70008: 'refresh_token_expired',
  AADSTS700084: 'refresh_token_expired',
  AADSTS70043: 'policy_changed',
  AADSTS5007: 'policy_changed',
  AADSTS50078: 'policy_changed',
  interaction_required: 'policy_changed',
};
const microsoft = (entry: Entry) => withReason(entry, MICROSOFT_REASONS);

const META_SIGNALS: Entry['api_signals'] = [
  { status: 400, field: 'error.code', equals: 190, means: 'invalid' },
];
/** Both renew the access token itself by a GET with the token in its address: no grant with a refresh token. */
const selfRefreshing = (entry: Entry): Entry => {
  const { refresh_url: _url, extra_refresh_params: _params, ...rest } = entry;
  return { ...rest, api_signals: META_SIGNALS };
};

const atlassian = (entry: Entry): Entry => ({
  ...entry,
  api_signals: [
    { status: 401, field: 'message', equals: 'Unauthorized; scope does not match', means: 'missing_scope' },
  ],
});

const quickbooks = (entry: Entry): Entry => ({
  ...entry,
  // Since 2025-11-12 a grant ends after five years beside the rolling life of its tokens.
  refresh_token_absolute_ttl_s: 157_680_000,
});

const CORRECTIONS: Readonly<Record<string, (entry: Entry) => Entry>> = {
  salesforce,
  'salesforce-sandbox': salesforce,
  slack: slackRows,
  'slack-user': slackRows,
  microsoft,
  outlook: microsoft,
  'outlook-calendar': microsoft,
  onedrive: microsoft,
  'microsoft-teams': microsoft,
  sharepoint: microsoft,
  'microsoft-excel': microsoft,
  zoho,
  'zoho-crm': zoho,
  quickbooks,
  'quickbooks-sandbox': quickbooks,
  instagram: selfRefreshing,
  threads: selfRefreshing,
  facebook: (entry) => ({ ...entry, api_signals: META_SIGNALS }),
  'facebook-system-user': (entry) => ({ ...entry, api_signals: META_SIGNALS }),
  // The prose says that refreshing does not extend the 365 days, although `optional` counts as rotating.
  linkedin: (entry) => ({ ...entry, refresh_token_absolute_ttl_s: 31_536_000 }),
  // The prose gives these as lives that begin again with each use, although the token stays the same.
  pipedrive: (entry) => idle(entry),
  klaviyo: (entry) => idle(entry),
  podio: (entry) => ({
    ...idle(entry),
    transient_refresh_errors: [
      { status: 420, error: null, means: 'rate limited', recovery: 'retry_with_backoff', throttle: true },
    ],
  }),
  // `+` is how a form writes a space: as a value it would be sent as `%2B`.
  pandadoc: (entry) => ({ ...entry, extra_refresh_params: { scope: 'read write' } }),
  // `[a-z.]+` at the end would accept `sellercentral.amazon.attacker.example`.
  'amazon-selling-partner': (entry) =>
    setPattern(
      entry,
      'seller_central',
      '^(sellercentral|sellercentral-europe|sellercentral-japan)\\.amazon\\.(com|ca|com\\.mx|com\\.br|co\\.uk|de|fr|it|es|nl|se|pl|ie|com\\.be|com\\.tr|ae|sa|eg|in|sg|com\\.au|co\\.jp|co\\.za)$',
    ),
  // A path that ends without `/` would run into the one that follows it.
  bullhorn: (entry) => ({
    ...setPattern(entry, 'restUrl', '^https://rest[a-z0-9-]*\\.bullhornstaffing\\.com/([A-Za-z0-9-]+/)+$'),
  }),
  // Not documented, and by its code alone a request of ours that is wrong would end every grant.
  shopify: (entry) => withoutRow(entry, (row) => row.error === 'invalid_request'),
  // Two refreshes at once say nothing about the grant: the newer one lives.
  airtable: (entry) => withoutRow(entry, (row) => row.status === 409),
  // One row for a wrong client and for an athlete that left: a wrong secret would end every grant.
  strava: (entry) => ({
    ...withoutRow(entry, (row) => row.status === 401),
    terminal_refresh_errors: [
      ...(entry.terminal_refresh_errors ?? []).filter((row) => row.status !== 401),
      CONTRADICTED_BY_401,
    ],
    unverified_fields: [...(entry.unverified_fields ?? []), 'terminal_refresh_errors[1]'],
  }),
  // The code stands in `errors[]` as in the other rows.
  square: (entry) => ({
    ...entry,
    terminal_refresh_errors: (entry.terminal_refresh_errors ?? []).map((row) =>
      row.error === 'INVALID_REQUEST'
        ? { ...row, field: 'errors[].code', field_alt: 'errors[].detail' }
        : row,
    ),
  }),
  // The address would hold the key itself.
  algolia: (entry) => {
    const { userinfo_url: _url, ...rest } = entry;
    const { api_key: _key, ...variables } = entry.url_template_vars ?? {};
    return { ...rest, url_template_vars: variables };
  },
  trello: (entry) => {
    const { revocation_url: _url, ...rest } = entry;
    const { access_token: _token, ...variables } = entry.url_template_vars ?? {};
    return { ...rest, url_template_vars: variables };
  },
  atlassian,
  jira: atlassian,
  confluence: atlassian,
  zoom: (entry) => ({
    ...entry,
    api_signals: [
      { status: 400, field: 'code', equals: 4711, means: 'missing_scope' },
      { status: 401, field: 'code', equals: 4711, means: 'missing_scope' },
    ],
  }),
  figma: (entry) => ({
    ...entry,
    api_signals: [
      { status: 403, field: 'err', equals: 'Token expired', means: 'expired' },
      { status: 403, field: 'err', equals: 'Invalid token', means: 'invalid' },
    ],
  }),
  typeform: (entry) => ({
    ...entry,
    api_signals: [{ status: 403, field: 'code', equals: 'AUTHENTICATION_FAILED', means: 'invalid' }],
  }),
  databricks: (entry) => ({
    ...entry,
    api_signals: [{ status: 403, field: 'message', equals: 'Invalid access token.', means: 'invalid' }],
  }),
  cloudflare: (entry) => ({
    ...entry,
    api_signals: [{ status: 403, field: 'errors[].code', equals: 9109, means: 'invalid' }],
  }),
  'zendesk-api-token': (entry) => asBasic(entry, '{username}/token:{password}', 'email', 'api_token'),
  'gong-api-key': (entry) => asBasic(entry, '{username}:{password}', 'access_key', 'access_key_secret'),
  twilio: (entry) =>
    asBasic(entry, '{username}:{password}', 'account_sid_or_api_key_sid', 'auth_token_or_secret'),
  mixpanel: (entry) => asBasic(entry, '{username}:{password}', 'username', 'secret'),
  amplitude: (entry) => asBasic(entry, '{username}:{password}', 'api_key', 'secret_key'),
  // The key stands alone: as user name, or behind a fixed one. The other half of what is imported is not sent.
  freshdesk: (entry) => asBasic(entry, '{username}:X', 'api_key'),
  'bamboohr-api-key': (entry) => asBasic(entry, '{username}:x', 'api_key'),
  greenhouse: (entry) => asBasic(entry, '{username}:', 'api_key'),
  'lever-api-key': (entry) => asBasic(entry, '{username}:', 'api_key'),
  ashby: (entry) => asBasic(entry, '{username}:', 'api_key'),
  chargebee: (entry) => asBasic(entry, '{username}:', 'api_key'),
  mailgun: (entry) => ({
    ...asBasic(entry, 'api:{password}', 'api'),
    credential_fields: [{ name: 'password', label: 'api_key' }],
  }),
  datadog: (entry) => asFields(entry, ['api_key', 'API key'], ['application_key', 'application key']),
  'copper-api-key': (entry) =>
    asFields(entry, ['api_key', 'API key'], ['user_email', "e-mail of the key's owner"]),
};

function idle(entry: Entry): Entry {
  const { refresh_token_ttl_s: ttl, ...rest } = entry;
  return { ...rest, refresh_token_idle_ttl_s: ttl ?? null };
}

/** The entry with what is known better. */
export function correct(id: string, entry: Entry): Entry {
  return CORRECTIONS[id]?.(entry) ?? entry;
}
