/** Strava: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const strava = (): DescriptorInput => ({
  id: 'strava',
  display_name: 'Strava',
  docs_url: 'https://developers.strava.com/docs/authentication/',
  auth_type: 'oauth2',
  authorization_url: 'https://www.strava.com/oauth/authorize',
  token_url: 'https://www.strava.com/api/v3/oauth/token',
  revocation_url: 'https://www.strava.com/oauth/deauthorize',
  revocation_reach: 'grant',
  userinfo_url: 'https://www.strava.com/api/v3/athlete',
  subject_source: 'token_response.athlete.id',
  subject_label_source: 'userinfo.firstname',
  api_base_urls: ['https://www.strava.com/api/v3'],
  default_scopes_example: ['read', 'activity:read'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 21600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: null,
    expires_at: 'expires_at',
  },
  capture_from_token_response: ['athlete.id'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'Bad Request',
      field: 'message',
      also: [
        { path: 'errors[].code', equals: 'invalid' },
        { path: 'errors[].resource', equals: 'RefreshToken' },
      ],
      means: 'refresh token invalid',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'Authorization Error',
      field: 'message',
      also: [{ path: 'errors[].resource', equals: 'Application' }],
      means: 'client id or secret invalid',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'terminal_refresh_errors[1]',
  ],
  confidence: 'medium',
});
