/** Zoom (user-managed OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const zoom = (): DescriptorInput => ({
  id: 'zoom',
  display_name: 'Zoom (user-managed OAuth)',
  docs_url: 'https://developers.zoom.us/docs/integrations/oauth/',
  auth_type: 'oauth2',
  authorization_url: 'https://zoom.us/oauth/authorize',
  token_url: 'https://zoom.us/oauth/token',
  revocation_url: 'https://zoom.us/oauth/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.zoom.us/v2/users/me',
  subject_source: 'userinfo.account_id + userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.zoom.us/v2'],
  default_scopes_example: ['user:read:user', 'meeting:read:meeting'],
  scope_aliases: { 'user.read': 'user:read:user', 'meeting.read': 'meeting:read:meeting' },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 7776000,
  refresh_reuse_grace_s: 0,
  refresh_scope_downscoping: 'unsupported',
  token_header: 'Authorization: Bearer {access_token}',
  api_signals: [
    { status: 400, field: 'code', equals: 4711, means: 'missing_scope' },
    { status: 401, field: 'code', equals: 4711, means: 'missing_scope' },
  ],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      field_alt: 'reason',
      description_contains: 'Invalid Token!',
      means:
        "refresh token already rotated (prior token sent), expired, or app deauthorized; body {reason:'Invalid Token!', error:'invalid_grant'}",
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: "4702/4704 client id/secret wrong or app deleted (reason 'Invalid client_id or client_secret')",
      recovery: 'fix_client_credentials',
    },
    {
      status: 400,
      error: '4711',
      description_contains: 'Refresh token invalid',
      means:
        'Refresh token invalid: token scopes do not match client scopes (app scopes changed) -> reconnect',
      recovery: 'reauthorize_user',
    },
    {
      status: 400,
      error: '4717',
      description_contains: 'The app has been disabled',
      means: 'app has been disabled',
      recovery: 'contact_tenant_admin',
    },
    { status: 400, error: '4705', means: 'grant type unsupported', recovery: 'fix_request' },
    { status: 400, error: '4706', means: 'client id/secret or grant type missing', recovery: 'fix_request' },
  ],
  transient_refresh_errors: [
    {
      status: 500,
      error: null,
      description_contains: 'Save Access token into Database',
      means:
        "duplicate simultaneous /oauth/token calls can fail with 'Save Access token into Database': re-read then retry",
      recovery: 'retry_with_backoff',
    },
  ],
  source: [
    'https://developers.zoom.us/docs/integrations/oauth-error-messages/',
    'https://devsupport.zoom.us/hc/en-us/articles/360060332931',
    'https://devforum.zoom.us/t/how-to-properly-use-the-access-token/77706',
    'https://raw.githubusercontent.com/anthropics/knowledge-work-plugins/main/partner-built/zoom-plugin/skills/oauth/concepts/token-lifecycle.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'https://devforum.zoom.us/t/zoom-api-how-to-revoke-app-access-when-user-wants-to-disconnect-your-app-and-zoom-app/18432',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
    'https://github.com/better-auth/better-auth/blob/451aa4b6/packages/core/src/social-providers',
  ],
  evidence: 'official docs excerpts',
  unverified_fields: ['terminal_refresh_errors[2,3].status'],
  confidence: 'high',
});
