/** Smartsheet: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const smartsheet = (): DescriptorInput => ({
  id: 'smartsheet',
  display_name: 'Smartsheet',
  docs_url: 'https://developers.smartsheet.com/api/smartsheet/guides/advanced-topics/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://app.smartsheet.com/b/authorize',
  token_url: 'https://api.smartsheet.com/2.0/token',
  revocation_url: 'https://api.smartsheet.com/2.0/token',
  revocation_reach: 'token',
  userinfo_url: 'https://api.smartsheet.com/2.0/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.smartsheet.com/2.0'],
  default_scopes_example: ['READ_SHEETS', 'WRITE_SHEETS'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 604799,
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
