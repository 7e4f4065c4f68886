/** Front: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const front = (): DescriptorInput => ({
  id: 'front',
  display_name: 'Front',
  docs_url: 'https://dev.frontapp.com/docs/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://app.frontapp.com/oauth/authorize',
  token_url: 'https://app.frontapp.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api2.frontapp.com/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://api2.frontapp.com'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 15552000,
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
