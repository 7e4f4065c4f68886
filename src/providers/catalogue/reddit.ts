/** Reddit: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const reddit = (): DescriptorInput => ({
  id: 'reddit',
  display_name: 'Reddit',
  docs_url: 'https://github.com/reddit-archive/reddit/wiki/OAuth2',
  auth_type: 'oauth2',
  authorization_url: 'https://www.reddit.com/api/v1/authorize',
  token_url: 'https://www.reddit.com/api/v1/access_token',
  revocation_url: 'https://www.reddit.com/api/v1/revoke_token',
  revocation_reach: 'token',
  userinfo_url: 'https://oauth.reddit.com/api/v1/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://oauth.reddit.com'],
  default_scopes_example: ['identity', 'read'],
  token_endpoint_auth_method: 'client_secret_basic',
  extra_authorization_params: { duration: 'permanent' },
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  token_response_success_check: { absent: 'error' },
  errors_with_http_200: true,
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://github.com/better-auth/better-auth/blob/451aa4b6/packages/core/src/social-providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
