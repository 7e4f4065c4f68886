/** Metabase (API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const metabase = (): DescriptorInput => ({
  id: 'metabase',
  display_name: 'Metabase (API key)',
  docs_url: 'https://www.metabase.com/docs/latest/people-and-groups/api-keys',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://{host}/api/user/current',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://{host}/api'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    host: {
      name: 'host',
      required: true,
      pattern: '^[a-z0-9.-]+(:[0-9]+)?$',
      source: 'user input; SSRF guard',
    },
  },
  token_header: 'X-API-KEY: {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
