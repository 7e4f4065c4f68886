/** Perplexity: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const perplexity = (): DescriptorInput => ({
  id: 'perplexity',
  display_name: 'Perplexity',
  docs_url: 'https://docs.perplexity.ai/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  api_base_urls: ['https://api.perplexity.ai'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
