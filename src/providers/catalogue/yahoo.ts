/** Yahoo: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const yahoo = (): DescriptorInput => ({
  id: 'yahoo',
  display_name: 'Yahoo',
  docs_url: 'https://developer.yahoo.com/oauth2/guide/',
  auth_type: 'oauth2',
  authorization_url: 'https://api.login.yahoo.com/oauth2/request_auth',
  token_url: 'https://api.login.yahoo.com/oauth2/get_token',
  revocation_url: 'https://api.login.yahoo.com/oauth2/revoke',
  userinfo_url: 'https://api.login.yahoo.com/openid/v1/userinfo',
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.login.yahoo.com'],
  default_scopes_example: ['openid'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/simov/grant/blob/HEAD/config/oauth.json',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'subject_label_source'],
  confidence: 'medium',
});
