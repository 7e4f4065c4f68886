/** Amplitude: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const amplitude = (): DescriptorInput => ({
  id: 'amplitude',
  display_name: 'Amplitude',
  docs_url: 'https://amplitude.com/docs/apis/authentication',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://amplitude.com/api/2/events/list',
  api_base_urls: ['https://amplitude.com/api'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Basic base64({username}:{password})',
  credential_fields: [
    { name: 'username', label: 'api_key' },
    { name: 'password', label: 'secret_key' },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
