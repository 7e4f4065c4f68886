/** Instagram (Business Login): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const instagram = (): DescriptorInput => ({
  id: 'instagram',
  display_name: 'Instagram (Business Login)',
  docs_url: 'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login',
  auth_type: 'oauth2',
  authorization_url: 'https://www.instagram.com/oauth/authorize',
  token_url: 'https://api.instagram.com/oauth/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://graph.instagram.com/me?fields=user_id,username',
  subject_source: 'userinfo.user_id',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://graph.instagram.com'],
  default_scopes_example: ['instagram_business_basic'],
  scope_separator: ',',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 5184000,
  access_token_never_expires: false,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  api_signals: [{ status: 400, field: 'error.code', equals: 190, means: 'invalid' }],
  terminal_refresh_errors: [
    {
      status: 400,
      error: '190',
      field: 'error.code',
      means: 'token expired, password changed or app removed (OAuthException)',
      recovery: 'reauthorize_user',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['revocation_reach'],
  confidence: 'medium',
});
