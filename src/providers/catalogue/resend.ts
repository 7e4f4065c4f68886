/** Resend: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const resend = (): DescriptorInput => ({
  id: 'resend',
  display_name: 'Resend',
  docs_url: 'https://resend.com/docs/api-reference/introduction',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.resend.com/domains',
  api_base_urls: ['https://api.resend.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
