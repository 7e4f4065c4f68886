/** RingCentral: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const ringcentral = (): DescriptorInput => ({
  id: 'ringcentral',
  display_name: 'RingCentral',
  docs_url: 'https://developers.ringcentral.com/guide/authentication/refresh-tokens',
  auth_type: 'oauth2',
  authorization_url: 'https://platform.ringcentral.com/restapi/oauth/authorize',
  token_url: 'https://platform.ringcentral.com/restapi/oauth/token',
  revocation_url: 'https://platform.ringcentral.com/restapi/oauth/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://platform.ringcentral.com/restapi/v1.0/account/~/extension/~',
  subject_source: 'token_response.owner_id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://platform.ringcentral.com/restapi/v1.0'],
  default_scopes_example: ['ReadAccounts'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 604800,
  refresh_reuse_grace_s: 10,
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'refresh_token_expires_in',
  },
  capture_from_token_response: ['owner_id', 'endpoint_id'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Token not found',
      means: 'Token not found / expired / revoked',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    { status: 401, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://github.com/tylerlong/ringcentral-token-refresh-experiment',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://ringcentral.github.io/RingCentral.Net/html/classRingCentral_1_1Paths_1_1Restapi_1_1Oauth_1_1Revoke_1_1Index.html',
  ],
  evidence: 'staff experiment + nango',
  unverified_fields: ['subject_label_source'],
  confidence: 'medium',
});
