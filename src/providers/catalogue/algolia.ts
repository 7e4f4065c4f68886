/** Algolia: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const algolia = (): DescriptorInput => ({
  id: 'algolia',
  display_name: 'Algolia',
  docs_url: 'https://www.algolia.com/doc/guides/security/api-keys/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  api_base_urls: ['https://{app_id}.algolia.net/1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    app_id: { name: 'app_id', required: true, pattern: '^[A-Z0-9]{10}$', source: 'user input' },
  },
  token_header: 'X-Algolia-Application-Id: {app_id}; X-Algolia-API-Key: {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
