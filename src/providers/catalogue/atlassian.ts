/** Atlassian (3LO): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const atlassian = (): DescriptorInput => ({
  id: 'atlassian',
  display_name: 'Atlassian (3LO)',
  docs_url: 'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens/',
  auth_type: 'oauth2',
  authorization_url: 'https://auth.atlassian.com/authorize',
  token_url: 'https://auth.atlassian.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.atlassian.com/me',
  subject_source: 'userinfo.account_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.atlassian.com'],
  default_scopes_example: ['offline_access', 'read:me'],
  offline_scopes: ['offline_access'],
  scope_aliases: { 'profile.read': 'read:me', offline: 'offline_access' },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { audience: 'api.atlassian.com', prompt: 'consent' },
  token_request_format: 'json',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 7776000,
  refresh_reuse_grace_s: 600,
  refresh_reuse_grace_verified: true,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-atlassian-token'],
  api_signals: [
    { status: 401, field: 'message', equals: 'Unauthorized; scope does not match', means: 'missing_scope' },
  ],
  terminal_refresh_errors: [
    {
      status: 403,
      error: 'invalid_grant',
      description_contains: 'Unknown or invalid refresh token.',
      means:
        'password changed, 90 d inactivity, token rotated out (old one sent), grant revoked. NOTE HTTP 403 not 400',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 400,
      error: 'invalid_grant',
      means: 'variant with 400',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'access_denied',
      means:
        'wrong client id/secret (Unauthorized) - same error code as a user declining consent: do not treat as reauth',
      recovery: 'fix_client_credentials',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client authentication failed',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens',
    'mirror of 3LO docs',
    'https://nango.dev/blog/jira-oauth-refresh-token-invalid-grant',
    'https://mrrefactoring.github.io/jira.js',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
    'https://github.com/better-auth/better-auth/blob/451aa4b6/packages/core/src/social-providers',
  ],
  evidence: 'official docs mirror',
  unverified_fields: ['pkce', 'terminal_refresh_errors[1,3]'],
  confidence: 'high',
});
