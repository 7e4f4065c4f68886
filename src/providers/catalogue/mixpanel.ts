/** Mixpanel (service account): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const mixpanel = (): DescriptorInput => ({
  id: 'mixpanel',
  display_name: 'Mixpanel (service account)',
  docs_url: 'https://developer.mixpanel.com/reference/service-accounts',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://mixpanel.com/api/app/me',
  api_base_urls: ['https://mixpanel.com/api'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Basic base64({username}:{password})',
  credential_fields: [
    { name: 'username', label: 'username' },
    { name: 'password', label: 'secret' },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'medium',
});
