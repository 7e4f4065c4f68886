/** Coda: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const coda = (): DescriptorInput => ({
  id: 'coda',
  display_name: 'Coda',
  docs_url: 'https://coda.io/developers/apis/v1',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://coda.io/apis/v1/whoami',
  subject_source: 'userinfo.loginId',
  subject_label_source: 'userinfo.loginId',
  api_base_urls: ['https://coda.io/apis/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
