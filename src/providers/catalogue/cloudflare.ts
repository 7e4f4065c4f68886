/** Cloudflare: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const cloudflare = (): DescriptorInput => ({
  id: 'cloudflare',
  display_name: 'Cloudflare',
  docs_url: 'https://developers.cloudflare.com/fundamentals/api/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.cloudflare.com/client/v4/user/tokens/verify',
  api_base_urls: ['https://api.cloudflare.com/client/v4'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  api_signals: [{ status: 403, field: 'errors[].code', equals: 9109, means: 'invalid' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
