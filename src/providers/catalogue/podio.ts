/** Podio: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const podio = (): DescriptorInput => ({
  id: 'podio',
  display_name: 'Podio',
  docs_url: 'https://developers.podio.com/authentication/server_side',
  auth_type: 'oauth2',
  authorization_url: 'https://podio.com/oauth/authorize',
  token_url: 'https://api.podio.com/oauth/token/v2',
  revocation_reach: 'none',
  userinfo_url: 'https://api.podio.com/user/status',
  subject_source: 'token_response.ref.id',
  subject_label_source: 'userinfo.user.mail',
  api_base_urls: ['https://api.podio.com'],
  default_scopes_example: ['global:all'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 28800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 2419200,
  token_header: 'Authorization: OAuth2 {access_token}',
  capture_from_token_response: ['ref'],
  refresh_token_idle_ttl_s: 2419200,
  transient_refresh_errors: [
    { status: 420, error: null, means: 'rate limited', recovery: 'retry_with_backoff', throttle: true },
  ],
  source: [
    'https://developers.podio.com/authentication',
    'https://github.com/simov/grant/blob/HEAD/config/oauth.json',
  ],
  evidence: 'official docs for the header; token endpoint, lifetimes and rotation as clients use them',
  unverified_fields: ['refresh_token', 'refresh_token_ttl_s', 'revocation_reach', 'subject_label_source'],
  confidence: 'medium',
});
