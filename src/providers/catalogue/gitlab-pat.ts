/** GitLab (personal/project access token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const gitlabPat = (): DescriptorInput => ({
  id: 'gitlab-pat',
  display_name: 'GitLab (personal/project access token)',
  docs_url: 'https://docs.gitlab.com/user/profile/personal_access_tokens/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://{host}/api/v4/user',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://{host}/api/v4'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    host: {
      name: 'host',
      required: false,
      pattern: '^[a-z0-9.-]+$',
      default: 'gitlab.com',
      source: 'config',
    },
  },
  token_header: 'PRIVATE-TOKEN: {api_key}',
  preset_of: 'gitlab',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango',
  confidence: 'medium',
});
