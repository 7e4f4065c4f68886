/** DigitalOcean: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const digitalocean = (): DescriptorInput => ({
  id: 'digitalocean',
  display_name: 'DigitalOcean',
  docs_url: 'https://docs.digitalocean.com/reference/api/oauth/',
  auth_type: 'oauth2',
  authorization_url: 'https://cloud.digitalocean.com/v1/oauth/authorize',
  token_url: 'https://cloud.digitalocean.com/v1/oauth/token',
  revocation_url: 'https://cloud.digitalocean.com/v1/oauth/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://api.digitalocean.com/v2/account',
  subject_source: 'token_response.info.uuid',
  subject_label_source: 'token_response.info.email',
  api_base_urls: ['https://api.digitalocean.com/v2'],
  default_scopes_example: ['read'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 2592000,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://docs.digitalocean.com/reference/api/oauth',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s'],
  confidence: 'medium',
});
