/** X (Twitter) v2: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const x = (): DescriptorInput => ({
  id: 'x',
  display_name: 'X (Twitter) v2',
  docs_url: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
  auth_type: 'oauth2',
  authorization_url: 'https://x.com/i/oauth2/authorize',
  token_url: 'https://api.x.com/2/oauth2/token',
  revocation_url: 'https://api.x.com/2/oauth2/revoke',
  userinfo_url: 'https://api.x.com/2/users/me',
  subject_source: 'userinfo.data.id',
  subject_label_source: 'userinfo.data.username',
  api_base_urls: ['https://api.x.com/2'],
  default_scopes_example: ['users.read', 'tweet.read', 'offline.access'],
  offline_scopes: ['offline.access'],
  scope_aliases: {
    read: ['tweet.read', 'users.read'],
    post: ['tweet.read', 'users.read', 'tweet.write'],
    offline: 'offline.access',
  },
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 0,
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_request',
      description_contains: 'Value passed for the token was invalid',
      means:
        'refresh token already used, expired or revoked. NOTE: error is invalid_request, not invalid_grant',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 400,
      error: 'invalid_grant',
      means: 'code/token invalid',
      recovery: 'reread_latest_token_then_reauthorize_user',
      exchange_only: true,
    },
    {
      status: 401,
      error: 'unauthorized_client',
      description_contains: 'Missing valid authorization header',
      means: 'client auth missing/invalid',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['terminal_refresh_errors', 'scope_aliases'],
  confidence: 'medium',
});
