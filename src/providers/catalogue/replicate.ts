/** Replicate: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const replicate = (): DescriptorInput => ({
  id: 'replicate',
  display_name: 'Replicate',
  docs_url: 'https://replicate.com/docs/reference/http',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.replicate.com/v1/account',
  subject_source: 'userinfo.username',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://api.replicate.com/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
