/** Salesloft: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const salesloft = (): DescriptorInput => ({
  id: 'salesloft',
  display_name: 'Salesloft',
  docs_url: 'https://developer.salesloft.com/docs/platform/api-basics/oauth-authentication/',
  auth_type: 'oauth2',
  authorization_url: 'https://accounts.salesloft.com/oauth/authorize',
  token_url: 'https://accounts.salesloft.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.salesloft.com/v2/me',
  subject_source: 'userinfo.data.id',
  subject_label_source: 'userinfo.data.email',
  api_base_urls: ['https://api.salesloft.com/v2'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
