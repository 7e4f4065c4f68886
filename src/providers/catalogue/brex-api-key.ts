/** Brex (user token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const brexApiKey = (): DescriptorInput => ({
  id: 'brex-api-key',
  display_name: 'Brex (user token)',
  docs_url: 'https://developer.brex.com/docs/authentication/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://platform.brexapis.com/v2/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://platform.brexapis.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  preset_of: 'brex',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
