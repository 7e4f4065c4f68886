/** Airtable (personal access token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const airtablePat = (): DescriptorInput => ({
  id: 'airtable-pat',
  display_name: 'Airtable (personal access token)',
  docs_url: 'https://airtable.com/developers/web/api/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.airtable.com/v0/meta/whoami',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.airtable.com/v0'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  preset_of: 'airtable',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
