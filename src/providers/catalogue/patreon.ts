/** Patreon: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const patreon = (): DescriptorInput => ({
  id: 'patreon',
  display_name: 'Patreon',
  docs_url: 'https://docs.patreon.com/#oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://www.patreon.com/oauth2/authorize',
  token_url: 'https://www.patreon.com/api/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://www.patreon.com/api/oauth2/v2/identity',
  subject_source: 'userinfo.data.id',
  subject_label_source: 'userinfo.data.attributes.full_name',
  api_base_urls: ['https://www.patreon.com/api/oauth2/v2'],
  default_scopes_example: ['identity'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 2678400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'https://github.com/simov/grant/blob/HEAD/config/oauth.json',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
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
