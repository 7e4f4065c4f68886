/** Twitch: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const twitch = (): DescriptorInput => ({
  id: 'twitch',
  display_name: 'Twitch',
  docs_url: 'https://dev.twitch.tv/docs/authentication/refresh-tokens/',
  auth_type: 'oauth2',
  authorization_url: 'https://id.twitch.tv/oauth2/authorize',
  token_url: 'https://id.twitch.tv/oauth2/token',
  revocation_url: 'https://id.twitch.tv/oauth2/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://api.twitch.tv/helix/users',
  subject_source: 'userinfo.data[0].id',
  subject_label_source: 'userinfo.data[0].login',
  email_is_verified: true,
  api_base_urls: ['https://api.twitch.tv/helix'],
  default_scopes_example: ['user:read:email'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 14400,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['client-id'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'Bad Request',
      field: 'message',
      description_contains: 'Invalid refresh token',
      means: 'invalid refresh token',
      recovery: 'reauthorize_user',
    },
    {
      status: 401,
      error: 'Unauthorized',
      means: 'refresh token no longer valid (password change/disconnect)',
      recovery: 'reauthorize_user',
    },
    {
      status: 403,
      error: 'invalid client secret',
      field: 'message',
      description_contains: 'invalid client secret',
      means: 'secret wrong',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://dev.twitch.tv/docs/authentication/revoke-tokens',
    'https://twitch4j.github.io/rest-helix/users-get',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'terminal_refresh_errors'],
  confidence: 'medium',
});
