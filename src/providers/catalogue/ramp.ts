/** Ramp: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const ramp = (): DescriptorInput => ({
  id: 'ramp',
  display_name: 'Ramp',
  docs_url: 'https://docs.ramp.com/developer-api/v1/authorization',
  auth_type: 'oauth2',
  authorization_url: 'https://app.ramp.com/v1/authorize',
  token_url: 'https://api.ramp.com/developer/v1/token',
  revocation_url: 'https://api.ramp.com/developer/v1/token/revoke',
  userinfo_url: 'https://api.ramp.com/developer/v1/business',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.business_name_legal',
  api_base_urls: ['https://api.ramp.com/developer/v1'],
  default_scopes_example: ['business:read', 'transactions:read'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 864000,
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
    'revocation_url',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'low',
});
