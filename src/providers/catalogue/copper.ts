/** Copper (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const copper = (): DescriptorInput => ({
  id: 'copper',
  display_name: 'Copper (OAuth)',
  docs_url: 'https://developer.copper.com/introduction/oauth/index.html',
  auth_type: 'oauth2',
  authorization_url: 'https://app.copper.com/oauth/authorize',
  token_url: 'https://app.copper.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.copper.com/developer_api/v1/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.copper.com/developer_api/v1'],
  default_scopes_example: ['developer/v1/all'],
  token_endpoint_auth_method: 'client_secret_post',
  refresh_token: 'none',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://developer.copper.com/introduction/oauth/index.html',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs, as others read them',
  unverified_fields: [
    'refresh_token',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
    'access_token_never_expires',
  ],
  confidence: 'medium',
});
