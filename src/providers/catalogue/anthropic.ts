/** Anthropic: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const anthropic = (): DescriptorInput => ({
  id: 'anthropic',
  display_name: 'Anthropic',
  docs_url: 'https://docs.anthropic.com/en/api/overview',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.anthropic.com/v1/models',
  api_base_urls: ['https://api.anthropic.com/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'x-api-key: {api_key}',
  api_request_headers: ['anthropic-version', 'anthropic-beta'],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
