/** Pinterest: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const pinterest = (): DescriptorInput => ({
  id: 'pinterest',
  display_name: 'Pinterest',
  docs_url: 'https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/',
  auth_type: 'oauth2',
  authorization_url: 'https://www.pinterest.com/oauth/',
  token_url: 'https://api.pinterest.com/v5/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.pinterest.com/v5/user_account',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://api.pinterest.com/v5'],
  default_scopes_example: ['user_accounts:read', 'boards:read'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 2592000,
  access_token_never_expires: false,
  refresh_token: 'optional',
  refresh_token_ttl_s: 31536000,
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'refresh_token_expires_in',
  },
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'nango docs pinterest.mdx',
  ],
  evidence: 'nango + authjs',
  unverified_fields: ['revocation_reach', 'subject_source'],
  confidence: 'medium',
});
