/** WordPress.com: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const wordpressCom = (): DescriptorInput => ({
  id: 'wordpress-com',
  display_name: 'WordPress.com',
  docs_url: 'https://developer.wordpress.com/docs/oauth2/',
  auth_type: 'oauth2',
  authorization_url: 'https://public-api.wordpress.com/oauth2/authorize',
  token_url: 'https://public-api.wordpress.com/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://public-api.wordpress.com/rest/v1.1/me',
  subject_source: 'userinfo.ID',
  subject_label_source: 'userinfo.display_name',
  api_base_urls: ['https://public-api.wordpress.com/rest/v1.1'],
  default_scopes_example: ['auth'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['blog_id', 'blog_url'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
