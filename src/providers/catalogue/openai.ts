/** OpenAI: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const openai = (): DescriptorInput => ({
  id: 'openai',
  display_name: 'OpenAI',
  docs_url: 'https://platform.openai.com/docs/api-reference/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.openai.com/v1/models',
  api_base_urls: ['https://api.openai.com/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  api_request_headers: ['openai-organization', 'openai-project', 'openai-beta'],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
