/** WHOOP: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const whoop = (): DescriptorInput => ({
  id: 'whoop',
  display_name: 'WHOOP',
  docs_url: 'https://developer.whoop.com/docs/developing/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://api.prod.whoop.com/oauth/oauth2/auth',
  token_url: 'https://api.prod.whoop.com/oauth/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.prod.whoop.com/developer/v2/user/profile/basic',
  subject_source: 'userinfo.user_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.prod.whoop.com/developer/v2'],
  default_scopes_example: ['offline', 'read:profile'],
  offline_scopes: ['offline'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_refresh_params: { scope: 'offline' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 0,
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://developer.whoop.com/docs/developing/oauth',
    'https://developer.whoop.com/docs/tutorials/refresh-token-javascript',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'high',
});
