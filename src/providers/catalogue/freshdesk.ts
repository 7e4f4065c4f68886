/** Freshdesk: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const freshdesk = (): DescriptorInput => ({
  id: 'freshdesk',
  display_name: 'Freshdesk',
  docs_url: 'https://developers.freshdesk.com/api/#authentication',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://{subdomain}.freshdesk.com/api/v2/agents/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.contact.email',
  api_base_urls: ['https://{subdomain}.freshdesk.com/api/v2'],
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
  token_header: 'Authorization: Basic base64({username}:X)',
  credential_fields: [{ name: 'username', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
