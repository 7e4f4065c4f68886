/** Brex: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const brex = (): DescriptorInput => ({
  id: 'brex',
  display_name: 'Brex',
  docs_url: 'https://developer.brex.com/docs/authentication/',
  auth_type: 'oauth2',
  authorization_url: 'https://accounts-api.brex.com/oauth2/default/v1/authorize',
  token_url: 'https://accounts-api.brex.com/oauth2/default/v1/token',
  revocation_url: 'https://accounts-api.brex.com/oauth2/default/v1/revoke',
  userinfo_url: 'https://platform.brexapis.com/v2/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://platform.brexapis.com'],
  default_scopes_example: ['openid', 'offline_access'],
  offline_scopes: ['offline_access'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 7776000,
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://developer.brex.com/docs/authentication/',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs for endpoints and scopes, as others read them',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_url',
    'pkce',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
