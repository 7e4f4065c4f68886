/** SmartRecruiters: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const smartrecruiters = (): DescriptorInput => ({
  id: 'smartrecruiters',
  display_name: 'SmartRecruiters',
  docs_url: 'https://developers.smartrecruiters.com/docs/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.smartrecruiters.com/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.smartrecruiters.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'X-SmartToken: {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'medium',
});
