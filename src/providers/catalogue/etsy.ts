/** Etsy: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const etsy = (): DescriptorInput => ({
  id: 'etsy',
  display_name: 'Etsy',
  docs_url: 'https://developers.etsy.com/documentation/essentials/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://www.etsy.com/oauth/connect',
  token_url: 'https://api.etsy.com/v3/public/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://openapi.etsy.com/v3/application/users/me',
  subject_source: 'userinfo.user_id',
  api_base_urls: ['https://openapi.etsy.com/v3/application'],
  default_scopes_example: ['shops_r'],
  pkce: 'required',
  token_endpoint_auth_method: 'none',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 7776000,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-api-key'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
  ],
  confidence: 'medium',
});
