/** Snapchat Marketing API: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const snapchat = (): DescriptorInput => ({
  id: 'snapchat',
  display_name: 'Snapchat Marketing API',
  docs_url: 'https://developers.snap.com/api/marketing-api/Ads-API/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://accounts.snapchat.com/login/oauth2/authorize',
  token_url: 'https://accounts.snapchat.com/login/oauth2/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://adsapi.snapchat.com/v1/me',
  subject_source: 'userinfo.me.id',
  subject_label_source: 'userinfo.me.email',
  api_base_urls: ['https://adsapi.snapchat.com/v1'],
  default_scopes_example: ['snapchat-marketing-api'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
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
