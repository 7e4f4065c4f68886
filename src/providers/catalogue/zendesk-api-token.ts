/** Zendesk (API token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const zendeskApiToken = (): DescriptorInput => ({
  id: 'zendesk-api-token',
  display_name: 'Zendesk (API token)',
  docs_url: 'https://developer.zendesk.com/api-reference/introduction/security-and-auth/',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://{subdomain}.zendesk.com/api/v2/users/me.json',
  subject_source: 'userinfo.user.id',
  subject_label_source: 'userinfo.user.email',
  api_base_urls: ['https://{subdomain}.zendesk.com/api/v2'],
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
  token_header: 'Authorization: Basic base64({username}/token:{password})',
  credential_fields: [
    { name: 'username', label: 'email' },
    { name: 'password', label: 'api_token' },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
