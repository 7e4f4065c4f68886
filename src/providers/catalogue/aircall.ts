/** Aircall: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const aircall = (): DescriptorInput => ({
  id: 'aircall',
  display_name: 'Aircall',
  docs_url: 'https://developer.aircall.io/tutorials/how-aircall-oauth-flow-works/',
  auth_type: 'oauth2',
  authorization_url: 'https://dashboard.aircall.io/oauth/authorize',
  token_url: 'https://api.aircall.io/v1/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.aircall.io/v1/company',
  subject_label_source: 'userinfo.company.name',
  api_base_urls: ['https://api.aircall.io/v1'],
  default_scopes_example: ['public_api'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
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
    'subject_label_source',
  ],
  confidence: 'medium',
});
