/** Wise (API token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const wise = (): DescriptorInput => ({
  id: 'wise',
  display_name: 'Wise (API token)',
  docs_url: 'https://docs.wise.com/api-docs',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.wise.com/v1/profiles',
  api_base_urls: ['https://api.wise.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  api_request_headers: ['x-idempotence-uuid'],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
