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
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-version'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'low',
});
