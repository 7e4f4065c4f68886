/** Auth0 (tenant as provider): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const auth0 = (): DescriptorInput => ({
  id: 'auth0',
  display_name: 'Auth0 (tenant as provider)',
  docs_url: 'https://auth0.com/docs/secure/tokens/refresh-tokens',
  auth_type: 'oauth2',
  authorization_url: 'https://{subdomain}.auth0.com/authorize',
  token_url: 'https://{subdomain}.auth0.com/oauth/token',
  revocation_url: 'https://{subdomain}.auth0.com/oauth/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://{subdomain}.auth0.com/userinfo',
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.email | userinfo.name',
  email_is_verified: true,
  email_verified_source: 'userinfo.email_verified',
  api_base_urls: ['https://{subdomain}.auth0.com'],
  default_scopes_example: ['openid', 'profile', 'offline_access'],
  offline_scopes: ['offline_access'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86400,
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
      status: 403,
      error: 'invalid_grant',
      description_contains: 'Unknown or invalid refresh token.',
      means: 'unknown, expired, rotated or reuse-detected refresh token (HTTP 403)',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'access_denied',
      description_contains: 'Unauthorized',
      means: 'client wrong',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://auth0.com/docs/tokens/guides/revoke-refresh-tokens',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'email_is_verified'],
  confidence: 'medium',
});
