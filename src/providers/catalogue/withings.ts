/** Withings: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const withings = (): DescriptorInput => ({
  id: 'withings',
  display_name: 'Withings',
  docs_url:
    'https://developer.withings.com/developer-guide/v3/integration-guide/public-health-data-api/get-access/oauth-web-flow',
  auth_type: 'oauth2',
  authorization_url: 'https://account.withings.com/oauth2_user/authorize2',
  token_url: 'https://wbsapi.withings.net/v2/oauth2',
  revocation_reach: 'none',
  subject_source: 'token_response.body.userid',
  api_base_urls: ['https://wbsapi.withings.net'],
  default_scopes_example: ['user.info', 'user.metrics'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_post',
  extra_token_params: { action: 'requesttoken' },
  extra_refresh_params: { action: 'requesttoken' },
  access_token_ttl_s: 10800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 31536000,
  refresh_reuse_grace_s: 28800,
  refresh_reuse_grace_verified: true,
  token_header: 'Authorization: Bearer {access_token}',
  api_dead_token_signals_with_200: [{ field: 'status', equals: 401, means: 'invalid' }],
  token_response_map: {
    access_token: 'body.access_token',
    refresh_token: 'body.refresh_token',
    expires_in: 'body.expires_in',
    scope: 'body.scope',
  },
  token_response_success_check: { path: 'status', equals: 0 },
  errors_with_http_200: true,
  capture_from_token_response: ['body.userid'],
  terminal_refresh_errors: [
    {
      status: 200,
      error: '401',
      field: 'status',
      means: 'status 401 in body: invalid token',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 200,
      error: '503',
      field: 'status',
      description_contains: 'Invalid Params',
      means: 'status 503 Invalid Params: invalid refresh_token',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
  ],
  transient_refresh_errors: [
    {
      status: 200,
      error: '601',
      field: 'status',
      means: 'too many requests (status 601 in the body)',
      recovery: 'retry_with_backoff',
      throttle: true,
    },
  ],
  source: [
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'https://github.com/simov/grant/blob/HEAD/config/oauth.json',
    'general knowledge',
    'https://developer.withings.com/developer-guide/data-api/authentication/',
  ],
  evidence: 'arctic/grant + background',
  unverified_fields: ['terminal_refresh_errors', 'revocation_reach', 'transient_refresh_errors[0]'],
  confidence: 'medium',
});
