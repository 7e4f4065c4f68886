/** Snowflake (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const snowflake = (): DescriptorInput => ({
  id: 'snowflake',
  display_name: 'Snowflake (OAuth)',
  docs_url: 'https://docs.snowflake.com/en/user-guide/oauth-custom',
  auth_type: 'oauth2',
  authorization_url: 'https://{account_url}/oauth/authorize',
  token_url: 'https://{account_url}/oauth/token-request',
  revocation_reach: 'none',
  subject_source: 'token_response.username',
  subject_label_source: 'token_response.username',
  api_base_urls: ['https://{account_url}/api/v2'],
  default_scopes_example: ['refresh_token', 'session:role:{ROLE}'],
  offline_scopes: ['refresh_token'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 600,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 7776000,
  url_template_vars: {
    account_url: {
      name: 'account_url',
      required: true,
      pattern: '^[a-z0-9._-]+\\.snowflakecomputing\\.(com|cn)$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'refresh_token_expires_in',
  },
  capture_from_token_response: ['username'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token expired/revoked, role dropped or blocked, integration disabled',
      recovery: 'reauthorize_user',
    },
    { status: 401, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
