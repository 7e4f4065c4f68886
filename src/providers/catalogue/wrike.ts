/** Wrike: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const wrike = (): DescriptorInput => ({
  id: 'wrike',
  display_name: 'Wrike',
  docs_url: 'https://developers.wrike.com/oauth-20-authorization/',
  auth_type: 'oauth2',
  authorization_url: 'https://login.wrike.com/oauth2/authorize/v4',
  token_url: 'https://login.wrike.com/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://{wrike_host}/api/v4/contacts?me=true',
  subject_source: 'userinfo.data[0].id',
  subject_label_source: 'userinfo.data[0].profiles[0].email',
  api_base_urls: ['https://{wrike_host}/api/v4'],
  default_scopes_example: ['Default', 'wsReadOnly'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  url_template_vars: {
    wrike_host: {
      name: 'wrike_host',
      required: true,
      pattern: '^([a-z0-9-]+\\.)*wrike\\.com$',
      source: 'token response host',
      stage: 'account',
      from: 'token_response.host',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['host'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
