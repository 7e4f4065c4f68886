/** eBay: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const ebay = (): DescriptorInput => ({
  id: 'ebay',
  display_name: 'eBay',
  docs_url: 'https://developer.ebay.com/api-docs/static/oauth-refresh-token-request.html',
  auth_type: 'oauth2',
  authorization_url: 'https://auth.ebay.com/oauth2/authorize',
  token_url: 'https://api.ebay.com/identity/v1/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://apiz.ebay.com/commerce/identity/v1/user/',
  subject_source: 'userinfo.userId',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://api.ebay.com'],
  default_scopes_example: ['https://api.ebay.com/oauth/api_scope'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 47304000,
  refresh_scope_downscoping: 'supported',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-ebay-c-marketplace-id', 'x-ebay-c-enduserctx'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'the refresh token is invalid or was issued to another client',
      means: 'expired/revoked (password or permission change)',
      recovery: 'reauthorize_user',
    },
    { status: 401, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
