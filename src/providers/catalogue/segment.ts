/** Segment (Public API token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const segment = (): DescriptorInput => ({
  id: 'segment',
  display_name: 'Segment (Public API token)',
  docs_url: 'https://docs.segmentapis.com/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.segmentapis.com/',
  subject_source: 'userinfo.data.workspace.id',
  subject_label_source: 'userinfo.data.workspace.name',
  api_base_urls: ['https://api.segmentapis.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  source: [
    'general knowledge',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'background',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'medium',
});
