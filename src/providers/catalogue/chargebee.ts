/** Chargebee: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const chargebee = (): DescriptorInput => ({
  id: 'chargebee',
  display_name: 'Chargebee',
  docs_url: 'https://apidocs.chargebee.com/docs/api',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://{subdomain}.chargebee.com/api/v2/business_entities',
  api_base_urls: ['https://{subdomain}.chargebee.com/api/v2'],
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
  token_header: 'Authorization: Basic base64({username}:)',
  credential_fields: [{ name: 'username', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
