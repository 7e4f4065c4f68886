/** PandaDoc: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const pandadoc = (): DescriptorInput => ({
  id: 'pandadoc',
  display_name: 'PandaDoc',
  docs_url: 'https://developers.pandadoc.com/reference/refresh-access_token',
  auth_type: 'oauth2',
  authorization_url: 'https://app.pandadoc.com/oauth2/authorize',
  token_url: 'https://api.pandadoc.com/oauth2/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.pandadoc.com/public/v1/members/current/',
  subject_source: 'userinfo.user_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.pandadoc.com/public/v1'],
  default_scopes_example: ['read+write'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_refresh_params: { scope: 'read write' },
  access_token_ttl_s: 31535999,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://developers.pandadoc.com/reference/refresh-access_token',
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
