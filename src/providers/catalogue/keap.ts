/** Keap (Infusionsoft): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const keap = (): DescriptorInput => ({
  id: 'keap',
  display_name: 'Keap (Infusionsoft)',
  docs_url: 'https://developer.infusionsoft.com/getting-started-oauth-keys/',
  auth_type: 'oauth2',
  authorization_url: 'https://accounts.infusionsoft.com/app/oauth/authorize',
  token_url: 'https://api.infusionsoft.com/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.infusionsoft.com/crm/rest/v1/oauth/connect/userinfo',
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.infusionsoft.com/crm/rest/v1'],
  default_scopes_example: ['full'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86400,
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
