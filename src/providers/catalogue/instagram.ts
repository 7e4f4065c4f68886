/** Instagram (Business Login): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const instagram = (): DescriptorInput => ({
  id: 'instagram',
  display_name: 'Instagram (Business Login)',
  docs_url: 'https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login',
  auth_type: 'oauth2',
  authorization_url: 'https://www.instagram.com/oauth/authorize',
  token_url: 'https://api.instagram.com/oauth/access_token',
  // The code's token lives an hour and is exchanged once; from then on it renews itself while it lives.
  long_lived_url: 'https://graph.instagram.com/access_token',
  long_lived_params: {
    grant_type: 'ig_exchange_token',
    client_secret: '{client_secret}',
    access_token: '{access_token}',
  },
  refresh_url: 'https://graph.instagram.com/refresh_access_token',
  refresh_request: 'get',
  refresh_token_param: 'access_token',
  extra_refresh_params: { grant_type: 'ig_refresh_token' },
  token_response_map: { access_token: 'access_token', refresh_token: 'access_token' },
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
  refresh_token: 'static',
  refresh_token_idle_ttl_s: 5184000,
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
