/** Greenhouse (Harvest API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const greenhouse = (): DescriptorInput => ({
  id: 'greenhouse',
  display_name: 'Greenhouse (Harvest API key)',
  docs_url: 'https://developers.greenhouse.io/harvest.html',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://harvest.greenhouse.io/v1/users',
  api_base_urls: ['https://harvest.greenhouse.io/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Basic base64({username}:)',
  api_request_headers: ['on-behalf-of'],
  credential_fields: [{ name: 'username', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
