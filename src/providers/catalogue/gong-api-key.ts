/** Gong (access key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const gongApiKey = (): DescriptorInput => ({
  id: 'gong-api-key',
  display_name: 'Gong (access key)',
  docs_url: 'https://help.gong.io/docs/receive-access-to-the-api',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://api.gong.io/v2/workspaces',
  api_base_urls: ['https://api.gong.io/v2'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Basic base64({username}:{password})',
  preset_of: 'gong',
  credential_fields: [
    { name: 'username', label: 'access_key' },
    { name: 'password', label: 'access_key_secret' },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
