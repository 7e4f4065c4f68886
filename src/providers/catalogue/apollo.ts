/** Apollo.io (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const apollo = (): DescriptorInput => ({
  id: 'apollo',
  display_name: 'Apollo.io (OAuth)',
  docs_url:
    'https://docs.apollo.io/docs/use-oauth-20-authorization-flow-to-access-apollo-user-information-partners',
  auth_type: 'oauth2',
  authorization_url: 'https://app.apollo.io/#/oauth/authorize',
  token_url: 'https://app.apollo.io/api/v1/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://app.apollo.io/api/v1/users/api_profile',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://app.apollo.io/api/v1'],
  default_scopes_example: ['read_user_profile'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  token_request_format: 'json',
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
    'userinfo_url',
    'authorization_url',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'low',
});
