/** Lever (API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const leverApiKey = (): DescriptorInput => ({
  id: 'lever-api-key',
  display_name: 'Lever (API key)',
  docs_url: 'https://hire.lever.co/developer/documentation#authentication',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://api.lever.co/v1/users',
  api_base_urls: ['https://api.lever.co/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Basic base64({username}:)',
  preset_of: 'lever',
  credential_fields: [{ name: 'username', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
