/** Linear: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const linear = (): DescriptorInput => ({
  id: 'linear',
  display_name: 'Linear',
  docs_url: 'https://linear.app/developers/oauth-2-0-authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://linear.app/oauth/authorize',
  token_url: 'https://api.linear.app/oauth/token',
  revocation_url: 'https://api.linear.app/oauth/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://api.linear.app/graphql',
  subject_source: 'userinfo.data.viewer.id',
  subject_label_source: 'userinfo.data.viewer.email',
  api_base_urls: ['https://api.linear.app/graphql'],
  default_scopes_example: ['read', 'write'],
  scope_separator: ',',
  scope_aliases: { 'issues.create': 'issues:create', 'comments.create': 'comments:create' },
  scope_families: {
    read: ['read', 'customer:read', 'initiative:read'],
    write: [
      'write',
      'read',
      'issues:create',
      'comments:create',
      'timeSchedule:write',
      'customer:write',
      'initiative:write',
    ],
  },
  known_scopes: ['admin', 'app:assignable', 'app:mentionable'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86399,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 1800,
  token_header: 'Authorization: Bearer {access_token}',
  api_dead_token_signals_with_200: [
    { field: 'errors[].extensions.code', equals: 'AUTHENTICATION_ERROR', means: 'invalid' },
  ],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token unknown, rotated, revoked or app removed from workspace',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client credentials wrong',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://linear.app/developers/oauth-2-0-authentication.md',
    'https://linear.app/docs/oauth/authentication',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/better-auth/better-auth/blob/451aa4b6/packages/core/src/social-providers',
  ],
  evidence: 'official docs (full text)',
  unverified_fields: [
    'terminal_refresh_errors',
    'refresh_reuse_grace_s',
    'revocation_reach',
    'api_dead_token_signals_with_200',
  ],
  confidence: 'high',
});
