/** Jobber: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const jobber = (): DescriptorInput => ({
  id: 'jobber',
  display_name: 'Jobber',
  docs_url: 'https://developer.getjobber.com/docs/building_your_app/app_authorization/',
  auth_type: 'oauth2',
  authorization_url: 'https://api.getjobber.com/api/oauth/authorize',
  token_url: 'https://api.getjobber.com/api/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.getjobber.com/api/graphql',
  subject_source: 'userinfo.data.account.id',
  subject_label_source: 'userinfo.data.account.name',
  api_base_urls: ['https://api.getjobber.com/api/graphql'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-jobber-graphql-version'],
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: null,
    scope: 'scope',
  },
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
    'subject_label_source',
  ],
  confidence: 'medium',
});
