/** FreshBooks: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const freshbooks = (): DescriptorInput => ({
  id: 'freshbooks',
  display_name: 'FreshBooks',
  docs_url: 'https://www.freshbooks.com/api/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://auth.freshbooks.com/oauth/authorize',
  token_url: 'https://api.freshbooks.com/auth/oauth/token',
  revocation_url: 'https://api.freshbooks.com/auth/oauth/revoke',
  userinfo_url: 'https://api.freshbooks.com/auth/api/v1/users/me',
  subject_source: 'userinfo.response.id',
  subject_label_source: 'userinfo.response.email',
  api_base_urls: ['https://api.freshbooks.com'],
  default_scopes_example: ['user:profile:read'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 43200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['api-version'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s'],
  confidence: 'medium',
});
