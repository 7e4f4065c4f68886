/** Productboard: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const productboard = (): DescriptorInput => ({
  id: 'productboard',
  display_name: 'Productboard',
  docs_url: 'https://developer.productboard.com/reference/oauth2',
  auth_type: 'oauth2',
  authorization_url: 'https://app.productboard.com/oauth2/authorize',
  token_url: 'https://app.productboard.com/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.productboard.com/entities/users',
  api_base_urls: ['https://api.productboard.com'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  pkce: 'supported',
  refresh_token_ttl_s: 15552000,
  refresh_reuse_grace_s: 3600,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-version'],
  source: [
    'https://developer.productboard.com/reference/oauth-authorization-code.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs, in part as others read them',
  unverified_fields: ['access_token_ttl_s', 'revocation_reach', 'refresh_reuse_grace_s'],
  confidence: 'medium',
});
