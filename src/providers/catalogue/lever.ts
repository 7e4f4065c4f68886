/** Lever: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const lever = (): DescriptorInput => ({
  id: 'lever',
  display_name: 'Lever',
  docs_url: 'https://hire.lever.co/developer/documentation#authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://auth.lever.co/authorize',
  token_url: 'https://auth.lever.co/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.lever.co/v1/users',
  api_base_urls: ['https://api.lever.co/v1'],
  default_scopes_example: ['offline_access', 'candidates:read:admin'],
  offline_scopes: ['offline_access'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { audience: 'https://api.lever.co/v1/', prompt: 'consent' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 31536000,
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
