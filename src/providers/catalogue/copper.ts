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
  refresh_token: 'optional',
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
  confidence: 'low',
});
