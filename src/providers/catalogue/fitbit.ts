/** Fitbit Web API (legacy): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const fitbit = (): DescriptorInput => ({
  id: 'fitbit',
  display_name: 'Fitbit Web API (legacy)',
  docs_url: 'https://dev.fitbit.com/build/reference/web-api/authorization/refresh-token/',
  auth_type: 'oauth2',
  authorization_url: 'https://www.fitbit.com/oauth2/authorize',
  token_url: 'https://api.fitbit.com/oauth2/token',
  revocation_url: 'https://api.fitbit.com/oauth2/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.fitbit.com/1/user/-/profile.json',
  subject_source: 'token_response.user_id',
  subject_label_source: 'userinfo.user.displayName',
  api_base_urls: ['https://api.fitbit.com'],
  default_scopes_example: ['profile', 'activity'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 28800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 120,
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['user_id'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      field: 'errors[].errorType',
      description_contains: 'Refresh token invalid',
      means: 'refresh token invalid/used/revoked',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      field: 'errors[].errorType',
      means: 'client wrong',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://dev.fitbit.com/build/reference/web-api/authorization/refresh-token',
    'https://developers.google.com/health/migration',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://dev.fitbit.com/build/reference/web-api/authorization/revoke-token',
  ],
  evidence: 'official docs (partial)',
  unverified_fields: ['refresh_reuse_grace_s', 'terminal_refresh_errors', 'subject_label_source'],
  confidence: 'medium',
});
