/** BambooHR (API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const bamboohrApiKey = (): DescriptorInput => ({
  id: 'bamboohr-api-key',
  display_name: 'BambooHR (API key)',
  docs_url: 'https://documentation.bamboohr.com/docs/getting-started',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://api.bamboohr.com/api/gateway.php/{subdomain}/v1/meta/fields',
  api_base_urls: ['https://api.bamboohr.com/api/gateway.php/{subdomain}/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    subdomain: {
      name: 'subdomain',
      required: true,
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      source: 'user input at connect time',
    },
  },
  token_header: 'Authorization: Basic base64({username}:x)',
  preset_of: 'bamboohr',
  credential_fields: [{ name: 'username', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
