/** Harvest: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const harvest = (): DescriptorInput => ({
  id: 'harvest',
  display_name: 'Harvest',
  docs_url: 'https://help.getharvest.com/api-v2/authentication-api/authentication/authentication/',
  auth_type: 'oauth2',
  authorization_url: 'https://id.getharvest.com/oauth2/authorize',
  token_url: 'https://id.getharvest.com/api/v2/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://id.getharvest.com/api/v2/accounts',
  subject_source: 'userinfo.user.id',
  subject_label_source: 'userinfo.user.email',
  api_base_urls: ['https://api.harvestapp.com/v2'],
  default_scopes_example: ['harvest:all'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 1209600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['harvest-account-id'],
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
