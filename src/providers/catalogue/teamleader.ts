/** Teamleader Focus: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const teamleader = (): DescriptorInput => ({
  id: 'teamleader',
  display_name: 'Teamleader Focus',
  docs_url: 'https://developer.focus.teamleader.eu/docs/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://focus.teamleader.eu/oauth2/authorize',
  token_url: 'https://focus.teamleader.eu/oauth2/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.focus.teamleader.eu/users.me',
  subject_source: 'userinfo.data.id',
  subject_label_source: 'userinfo.data.email',
  api_base_urls: ['https://api.focus.teamleader.eu'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
