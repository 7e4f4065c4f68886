/** Procore: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const procore = (): DescriptorInput => ({
  id: 'procore',
  display_name: 'Procore',
  docs_url: 'https://developers.procore.com/documentation/oauth-auth-grant-flow',
  auth_type: 'oauth2',
  authorization_url: 'https://login.procore.com/oauth/authorize',
  token_url: 'https://login.procore.com/oauth/token',
  revocation_url: 'https://login.procore.com/oauth/revoke',
  userinfo_url: 'https://api.procore.com/rest/v1.0/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.login',
  api_base_urls: ['https://api.procore.com/rest/v1.0'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 5400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['procore-company-id'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
