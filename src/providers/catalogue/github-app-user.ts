/** GitHub App (user-to-server token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const githubAppUser = (): DescriptorInput => ({
  id: 'github-app-user',
  display_name: 'GitHub App (user-to-server token)',
  docs_url:
    'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
  auth_type: 'oauth2',
  authorization_url: 'https://github.com/login/oauth/authorize',
  token_url: 'https://github.com/login/oauth/access_token',
  revocation_url: 'https://api.github.com/applications/{client_id}/token',
  revocation_reach: 'token',
  userinfo_url: 'https://api.github.com/user',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.login',
  api_base_urls: ['https://api.github.com', 'https://uploads.github.com'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 28800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 15811200,
  refresh_reuse_grace_s: 0,
  refresh_scope_downscoping: 'unsupported',
  url_template_vars: {
    client_id: {
      name: 'client_id',
      required: true,
      pattern: '^[A-Za-z0-9._-]{8,64}$',
      source: 'client registration (connection settings)',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-github-api-version'],
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'refresh_token_expires_in',
  },
  token_response_success_check: { absent: 'error' },
  errors_with_http_200: true,
  capture_from_callback: ['installation_id'],
  terminal_refresh_errors: [
    {
      status: 200,
      error: 'bad_refresh_token',
      description_contains: 'The refresh token passed is incorrect or expired.',
      means: 'refresh token incorrect, expired, already used, or authorization revoked (HTTP 200!)',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 200,
      error: 'incorrect_client_credentials',
      means: 'wrong client id/secret',
      recovery: 'fix_client_credentials',
    },
    {
      status: 404,
      error: null,
      means: 'app suspended/deleted or wrong client id',
      recovery: 'fix_client_credentials',
    },
    {
      status: 200,
      error: 'unverified_user_email',
      means: 'user must verify primary email',
      recovery: 'reauthorize_user',
    },
  ],
  source: [
    'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
    'https://github.com/github/docs/blob/HEAD/data/reusables/apps/user-access-token-response-parameters.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs (full text)',
  unverified_fields: ['terminal_refresh_errors[2]'],
  confidence: 'high',
});
