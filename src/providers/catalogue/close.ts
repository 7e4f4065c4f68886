/** Close: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const close = (): DescriptorInput => ({
  id: 'close',
  display_name: 'Close',
  docs_url: 'https://developer.close.com/topics/authentication-oauth2/',
  auth_type: 'oauth2',
  authorization_url: 'https://app.close.com/oauth2/authorize',
  token_url: 'https://api.close.com/oauth2/token/',
  revocation_url: 'https://api.close.com/oauth2/revoke/',
  userinfo_url: 'https://api.close.com/api/v1/me/',
  subject_source: 'token_response.organization_id + token_response.user_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.close.com/api/v1'],
  default_scopes_example: ['all.full_access', 'offline_access'],
  offline_scopes: ['offline_access'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['user_id', 'organization_id'],
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
    'subject_label_source',
  ],
  confidence: 'medium',
});
