/** Copper (API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const copperApiKey = (): DescriptorInput => ({
  id: 'copper-api-key',
  display_name: 'Copper (API key)',
  docs_url: 'https://developer.copper.com/introduction/authentication.html',
  auth_type: 'custom',
  revocation_reach: 'none',
  userinfo_url: 'https://api.copper.com/developer_api/v1/account',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://api.copper.com/developer_api/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'X-PW-AccessToken: {api_key}; X-PW-Application: developer_api; X-PW-UserEmail: {user_email}',
  public_fields: ['user_email'],
  preset_of: 'copper',
  credential_fields: [
    { name: 'api_key', label: 'API key' },
    { name: 'user_email', label: "e-mail of the key's owner" },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
