/** Cal.com: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const calCom = (): DescriptorInput => ({
  id: 'cal-com',
  display_name: 'Cal.com',
  docs_url: 'https://cal.com/docs/api-reference/v2/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://app.cal.com/auth/oauth2/authorize',
  token_url: 'https://api.cal.com/v2/auth/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.cal.com/v2/me',
  subject_source: 'userinfo.data.id',
  subject_label_source: 'userinfo.data.email',
  api_base_urls: ['https://api.cal.com/v2'],
  token_endpoint_auth_method: 'client_secret_post',
  token_request_format: 'json',
  refresh_token: 'rotating',
  access_token_ttl_s: 1800,
  access_token_never_expires: false,
  pkce: 'supported',
  default_scopes_example: ['PROFILE_READ', 'BOOKING_READ'],
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['cal-api-version'],
  source: [
    'https://cal.com/docs/api-reference/v2/oauth',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs',
  unverified_fields: ['refresh_token_ttl_s', 'revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'high',
});
