/** Coinbase: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const coinbase = (): DescriptorInput => ({
  id: 'coinbase',
  display_name: 'Coinbase',
  docs_url:
    'https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/oauth2/access-and-refresh-tokens',
  auth_type: 'oauth2',
  authorization_url: 'https://login.coinbase.com/oauth2/auth',
  token_url: 'https://login.coinbase.com/oauth2/token',
  revocation_url: 'https://login.coinbase.com/oauth2/revoke',
  userinfo_url: 'https://api.coinbase.com/v2/user',
  subject_source: 'userinfo.data.id',
  subject_label_source: 'userinfo.data.name',
  api_base_urls: ['https://api.coinbase.com/v2'],
  default_scopes_example: ['wallet:user:read', 'offline_access'],
  offline_scopes: ['offline_access'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 47304000,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['cb-version'],
  source: [
    'https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/oauth2/access-and-refresh-tokens',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'official docs',
  unverified_fields: ['authorization_url', 'token_url'],
  confidence: 'medium',
});
