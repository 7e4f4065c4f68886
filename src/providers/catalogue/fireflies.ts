/** Fireflies.ai: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const fireflies = (): DescriptorInput => ({
  id: 'fireflies',
  display_name: 'Fireflies.ai',
  docs_url: 'https://docs.fireflies.ai/fundamentals/authorization',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.fireflies.ai/graphql',
  subject_source: 'userinfo.data.user.user_id',
  subject_label_source: 'userinfo.data.user.email',
  api_base_urls: ['https://api.fireflies.ai/graphql'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  api_dead_token_signals_with_200: [{ field: 'errors[].code', equals: 'auth_failed', means: 'invalid' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source', 'api_dead_token_signals_with_200'],
  confidence: 'high',
});
