/** Outreach: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const outreach = (): DescriptorInput => ({
  id: 'outreach',
  display_name: 'Outreach',
  docs_url: 'https://developers.outreach.io/api/oauth/',
  auth_type: 'oauth2',
  authorization_url: 'https://api.outreach.io/oauth/authorize',
  token_url: 'https://api.outreach.io/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.outreach.io/api/v2',
  subject_source: 'userinfo.meta.user.id',
  subject_label_source: 'userinfo.meta.user.email',
  api_base_urls: ['https://api.outreach.io/api/v2'],
  default_scopes_example: ['prospects.read'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 1209600,
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
