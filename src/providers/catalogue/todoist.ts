/** Todoist: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const todoist = (): DescriptorInput => ({
  id: 'todoist',
  display_name: 'Todoist',
  docs_url: 'https://developer.todoist.com/api/v1/#tag/Authorization',
  auth_type: 'oauth2',
  authorization_url: 'https://todoist.com/oauth/authorize',
  token_url: 'https://todoist.com/oauth/access_token',
  revocation_url: 'https://api.todoist.com/api/v1/access_tokens',
  revocation_reach: 'token',
  userinfo_url: 'https://api.todoist.com/api/v1/user',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.todoist.com/api/v1'],
  default_scopes_example: ['data:read'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['revocation_url', 'revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
