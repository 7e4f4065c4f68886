/** Webex: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const webex = (): DescriptorInput => ({
  id: 'webex',
  display_name: 'Webex',
  docs_url: 'https://developer.webex.com/docs/integrations',
  auth_type: 'oauth2',
  authorization_url: 'https://webexapis.com/v1/authorize',
  token_url: 'https://webexapis.com/v1/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://webexapis.com/v1/people/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.emails[0]',
  api_base_urls: ['https://webexapis.com/v1'],
  default_scopes_example: ['spark:people_read'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 1209600,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 7776000,
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'refresh_token_expires_in',
  },
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
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
