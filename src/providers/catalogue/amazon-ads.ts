/** Amazon Ads: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const amazonAds = (): DescriptorInput => ({
  id: 'amazon-ads',
  display_name: 'Amazon Ads',
  docs_url: 'https://advertising.amazon.com/API/docs/en-us/guides/account-management/authorization/overview',
  auth_type: 'oauth2',
  authorization_url: 'https://www.amazon.com/ap/oa',
  token_url: 'https://api.amazon.com/auth/o2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://advertising-api.amazon.com/v2/profiles',
  api_base_urls: [
    'https://advertising-api.amazon.com',
    'https://advertising-api-eu.amazon.com',
    'https://advertising-api-fe.amazon.com',
  ],
  default_scopes_example: ['advertising::campaign_management'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['amazon-advertising-api-clientid', 'amazon-advertising-api-scope'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
