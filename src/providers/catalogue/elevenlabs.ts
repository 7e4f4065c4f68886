/** ElevenLabs: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const elevenlabs = (): DescriptorInput => ({
  id: 'elevenlabs',
  display_name: 'ElevenLabs',
  docs_url: 'https://elevenlabs.io/docs/api-reference/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.elevenlabs.io/v1/user',
  subject_source: 'userinfo.user_id',
  api_base_urls: ['https://api.elevenlabs.io/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'xi-api-key: {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source'],
  confidence: 'high',
});
