/** Meta system user token: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const facebookSystemUser = (): DescriptorInput => ({
  id: 'facebook-system-user',
  display_name: 'Meta system user token',
  docs_url: 'https://developers.facebook.com/docs/marketing-api/system-users',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://graph.facebook.com/v22.0/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://graph.facebook.com/v22.0'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  preset_of: 'facebook',
  api_signals: [{ status: 400, field: 'error.code', equals: 190, means: 'invalid' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango docs',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
