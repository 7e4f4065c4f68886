/** Okta (org as provider): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const okta = (): DescriptorInput => ({
  id: 'okta',
  display_name: 'Okta (org as provider)',
  docs_url: 'https://developer.okta.com/docs/guides/refresh-tokens/main/',
  auth_type: 'oauth2',
  authorization_url: 'https://{subdomain}.okta.com/oauth2/v1/authorize',
  token_url: 'https://{subdomain}.okta.com/oauth2/v1/token',
  revocation_url: 'https://{subdomain}.okta.com/oauth2/v1/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://{subdomain}.okta.com/oauth2/v1/userinfo',
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.email | userinfo.name',
  email_is_verified: true,
  email_verified_source: 'userinfo.email_verified',
  api_base_urls: ['https://{subdomain}.okta.com'],
  default_scopes_example: ['openid', 'profile', 'offline_access'],
  offline_scopes: ['offline_access'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'optional',
  url_template_vars: {
    subdomain: {
      name: 'subdomain',
      required: true,
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      source: 'user input at connect time',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'The refresh token is invalid or expired.',
      means: 'refresh token invalid or expired',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    { status: 401, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://developer.okta.com/docs/guides/revoke-tokens/revokeatrt',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s'],
  confidence: 'medium',
});
