/** Rippling: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const rippling = (): DescriptorInput => ({
  id: 'rippling',
  display_name: 'Rippling',
  docs_url: 'https://developer.rippling.com/documentation/rest-api',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://rest.ripplingapis.com/companies',
  api_base_urls: ['https://rest.ripplingapis.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'medium',
});
