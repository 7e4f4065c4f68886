/** Asana: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const asana = (): DescriptorInput => ({
  id: 'asana',
  display_name: 'Asana',
  docs_url: 'https://developers.asana.com/docs/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://app.asana.com/-/oauth_authorize',
  token_url: 'https://app.asana.com/-/oauth_token',
  revocation_url: 'https://app.asana.com/-/oauth_revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://app.asana.com/api/1.0/users/me',
  subject_source: 'token_response.data.gid',
  subject_label_source: 'token_response.data.email',
  api_base_urls: ['https://app.asana.com/api/1.0'],
  default_scopes_example: ['default'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['asana-enable', 'asana-disable'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://developers.asana.com/docs/oauth',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'revocation_reach'],
  confidence: 'medium',
});
