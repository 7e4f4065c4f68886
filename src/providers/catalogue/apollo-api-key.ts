/** Apollo.io (API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const apolloApiKey = (): DescriptorInput => ({
  id: 'apollo-api-key',
  display_name: 'Apollo.io (API key)',
  docs_url: 'https://docs.apollo.io/docs/create-api-key',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.apollo.io/api/v1/auth/health',
  api_base_urls: ['https://api.apollo.io/api/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'X-Api-Key: {api_key}',
  api_dead_token_signals_with_200: [{ field: 'is_logged_in', equals: false, means: 'invalid' }],
  preset_of: 'apollo',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'medium',
});
