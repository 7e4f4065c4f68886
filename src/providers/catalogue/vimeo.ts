/** Vimeo: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const vimeo = (): DescriptorInput => ({
  id: 'vimeo',
  display_name: 'Vimeo',
  docs_url: 'https://developer.vimeo.com/api/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://api.vimeo.com/oauth/authorize',
  token_url: 'https://api.vimeo.com/oauth/access_token',
  revocation_url: 'https://api.vimeo.com/tokens',
  revocation_reach: 'token',
  userinfo_url: 'https://api.vimeo.com/me',
  subject_source: 'userinfo.uri',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://api.vimeo.com'],
  default_scopes_example: ['public', 'private'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_never_expires: true,
  refresh_token: 'none',
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
