/** Miro: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const miro = (): DescriptorInput => ({
  id: 'miro',
  display_name: 'Miro',
  docs_url: 'https://developers.miro.com/reference/oauth-20-authorization-v2',
  auth_type: 'oauth2',
  authorization_url: 'https://miro.com/oauth/authorize',
  token_url: 'https://api.miro.com/v1/oauth/token',
  revocation_url: 'https://api.miro.com/v2/oauth/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://api.miro.com/v1/oauth-token',
  subject_source: 'token_response.team_id + token_response.user_id',
  subject_label_source: 'userinfo.team.name',
  api_base_urls: ['https://api.miro.com/v2'],
  default_scopes_example: ['boards:read'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 5184000,
  refresh_reuse_grace_s: 0,
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['team_id', 'user_id'],
  source: [
    'https://developers.miro.com/reference/get-new-access-token-using-refresh-token',
    'https://developers.miro.com/reference/oauth-20-authorization-v2',
    'https://developers.miro.com/reference/revoke-token',
  ],
  evidence: 'official docs',
  unverified_fields: ['revocation_url', 'pkce', 'subject_label_source'],
  confidence: 'high',
});
