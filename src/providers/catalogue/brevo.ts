/** Brevo: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const brevo = (): DescriptorInput => ({
  id: 'brevo',
  display_name: 'Brevo',
  docs_url: 'https://developers.brevo.com/docs/getting-started',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.brevo.com/v3/account',
  subject_source: 'userinfo.organization_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.brevo.com/v3'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'api-key: {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
