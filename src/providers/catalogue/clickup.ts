/** ClickUp: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const clickup = (): DescriptorInput => ({
  id: 'clickup',
  display_name: 'ClickUp',
  docs_url: 'https://developer.clickup.com/docs/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://app.clickup.com/api',
  token_url: 'https://api.clickup.com/api/v2/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.clickup.com/api/v2/user',
  subject_source: 'userinfo.user.id',
  subject_label_source: 'userinfo.user.username',
  api_base_urls: ['https://api.clickup.com/api/v2'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'https://www.skills.sh clickup-security-basics',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango + authjs',
  unverified_fields: ['revocation_reach'],
  confidence: 'high',
});
