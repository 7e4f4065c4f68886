/** monday.com (OAuth 2.1 flow): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const monday = (): DescriptorInput => ({
  id: 'monday',
  display_name: 'monday.com (OAuth 2.1 flow)',
  docs_url: 'https://developer.monday.com/apps/docs/migrating-to-the-new-oauth-flow',
  auth_type: 'oauth2',
  authorization_url: 'https://auth.monday.com/oauth2/authorize',
  token_url: 'https://auth.monday.com/oauth_ms/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.monday.com/v2',
  subject_source: 'userinfo.data.me.id',
  subject_label_source: 'userinfo.data.me.email',
  api_base_urls: ['https://api.monday.com/v2'],
  default_scopes_example: ['me:read', 'boards:read'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { force_install_if_needed: 'true' },
  refresh_token: 'rotating',
  token_header: 'Authorization: {access_token}',
  api_request_headers: ['api-version'],
  source: [
    'https://developer.monday.com/apps/docs/migrating-to-the-new-oauth-flow',
    'https://developer-community.monday.com/product-updates/join-the-beta-oauth-2-1-for-monday-apps-5273',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs excerpts',
  unverified_fields: ['revocation_reach'],
  confidence: 'medium',
});
