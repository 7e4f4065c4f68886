/** GitHub (personal access token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const githubPat = (): DescriptorInput => ({
  id: 'github-pat',
  display_name: 'GitHub (personal access token)',
  docs_url:
    'https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.github.com/user',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.login',
  api_base_urls: ['https://api.github.com', 'https://uploads.github.com'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  api_request_headers: ['x-github-api-version'],
  preset_of: 'github',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
