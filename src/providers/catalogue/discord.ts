/** Discord: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const discord = (): DescriptorInput => ({
  id: 'discord',
  display_name: 'Discord',
  docs_url: 'https://discord.com/developers/docs/topics/oauth2',
  auth_type: 'oauth2',
  authorization_url: 'https://discord.com/oauth2/authorize',
  token_url: 'https://discord.com/api/oauth2/token',
  revocation_url: 'https://discord.com/api/oauth2/token/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://discord.com/api/v10/users/@me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.username',
  email_is_verified: true,
  email_verified_source: 'userinfo.verified',
  api_base_urls: ['https://discord.com/api/v10'],
  default_scopes_example: ['identify', 'email'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 604800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-audit-log-reason'],
  capture_from_token_response: ['guild', 'webhook'],
  source: [
    'https://github.com/discord/discord-api-docs/blob/HEAD/docs/topics/OAuth2.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'https://github.com/better-auth/better-auth/blob/451aa4b6/packages/core/src/social-providers',
  ],
  evidence: 'official docs (full text)',
  unverified_fields: ['pkce'],
  confidence: 'high',
});
