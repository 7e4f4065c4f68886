/** Ashby: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const ashby = (): DescriptorInput => ({
  id: 'ashby',
  display_name: 'Ashby',
  docs_url: 'https://developers.ashbyhq.com/docs/authentication',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://api.ashbyhq.com/apiKey.info',
  api_base_urls: ['https://api.ashbyhq.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Basic base64({username}:)',
  api_dead_token_signals_with_200: [{ field: 'errors[]', equals: 'invalid_token', means: 'invalid' }],
  credential_fields: [{ name: 'username', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['api_dead_token_signals_with_200'],
  confidence: 'high',
});
