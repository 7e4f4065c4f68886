/** Threads: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const threads = (): DescriptorInput => ({
  id: 'threads',
  display_name: 'Threads',
  docs_url: 'https://developers.facebook.com/docs/threads/get-started/get-access-tokens-and-permissions',
  auth_type: 'oauth2',
  authorization_url: 'https://threads.net/oauth/authorize',
  token_url: 'https://graph.threads.net/oauth/access_token',
  // The code's token lives an hour and is exchanged once; from then on it renews itself while it lives.
  long_lived_url: 'https://graph.threads.net/access_token',
  long_lived_params: {
    grant_type: 'th_exchange_token',
    client_secret: '{client_secret}',
    access_token: '{access_token}',
  },
  refresh_url: 'https://graph.threads.net/refresh_access_token',
  refresh_request: 'get',
  refresh_token_param: 'access_token',
  extra_refresh_params: { grant_type: 'th_refresh_token' },
  token_response_map: { access_token: 'access_token', refresh_token: 'access_token' },
  revocation_reach: 'none',
  userinfo_url: 'https://graph.threads.net/v1.0/me?fields=id,username',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://graph.threads.net/v1.0'],
  default_scopes_example: ['threads_basic'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 5184000,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_idle_ttl_s: 5184000,
  token_header: 'Authorization: Bearer {access_token}',
  api_signals: [{ status: 400, field: 'error.code', equals: 190, means: 'invalid' }],
  terminal_refresh_errors: [
    {
      status: 400,
      error: '190',
      field: 'error.code',
      means: 'expired/revoked',
      recovery: 'reauthorize_user',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
