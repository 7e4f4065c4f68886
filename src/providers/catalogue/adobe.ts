/** Adobe IMS: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const adobe = (): DescriptorInput => ({
  id: 'adobe',
  display_name: 'Adobe IMS',
  docs_url: 'https://developer.adobe.com/developer-console/docs/guides/authentication/',
  auth_type: 'oauth2',
  authorization_url: 'https://ims-na1.adobelogin.com/ims/authorize/v2',
  token_url: 'https://ims-na1.adobelogin.com/ims/token/v3',
  revocation_reach: 'none',
  userinfo_url: 'https://ims-na1.adobelogin.com/ims/userinfo/v2',
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://ims-na1.adobelogin.com/ims'],
  default_scopes_example: ['openid', 'offline_access'],
  offline_scopes: ['offline_access'],
  scope_separator: ',',
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 86400,
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
  confidence: 'low',
});
