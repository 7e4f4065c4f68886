/**
 * Google: facts as data. The refresh token stays the same and is not sent again on a refresh; one error code has many
 * causes; revoking any token of a user ends all grants of the whole Google project.
 */

import type { DescriptorInput } from '../descriptor.ts';

/** Google's answer does not tell these apart. */
const INVALID_GRANT_CAUSES = [
  'user_revoked_access',
  'unused_for_six_months',
  'password_changed_with_gmail_scopes',
  'over_100_refresh_tokens_per_client',
  'testing_mode_seven_days',
  'time_limited_consent_ended',
  'account_deleted_or_disabled',
];

export const google = (): DescriptorInput => ({
  id: 'google',
  display_name: 'Google',
  docs_url: 'https://developers.google.com/identity/protocols/oauth2/web-server',
  auth_type: 'oauth2',
  authorization_url: 'https://accounts.google.com/o/oauth2/v2/auth',
  token_url: 'https://oauth2.googleapis.com/token',
  revocation_url: 'https://oauth2.googleapis.com/revoke',
  revocation_reach: 'project',
  userinfo_url: 'https://openidconnect.googleapis.com/v1/userinfo',
  subject_source: 'id_token.sub',
  subject_label_source: 'id_token.email',
  email_is_verified: true,
  email_verified_source: 'id_token.email_verified',
  api_base_urls: ['https://www.googleapis.com', 'https://gmail.googleapis.com'],
  default_scopes_example: ['openid', 'email', 'profile'],
  scope_separator: ' ',
  scope_aliases: {
    'userinfo.email': 'https://www.googleapis.com/auth/userinfo.email',
    'userinfo.profile': 'https://www.googleapis.com/auth/userinfo.profile',
    signin: ['openid', 'email', 'profile'],
  },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { access_type: 'offline', prompt: 'consent' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_idle_ttl_s: 15552000,
  refresh_scope_downscoping: 'supported',
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'refresh_token_expires_in',
  },
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Token has been expired or revoked',
      means:
        'user revoked access, 6 months unused, Gmail-scope token after password change, >100 live refresh tokens for this account+client (oldest silently dropped), Testing-mode 7-day expiry, time-based grant ended, account deleted/disabled',
      recovery: 'reauthorize_user',
      causes: INVALID_GRANT_CAUSES,
    },
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Bad Request',
      means: 'malformed / wrong-client / never-valid refresh token',
      recovery: 'reauthorize_user',
      causes: ['refresh_token_malformed_or_unknown', 'refresh_token_of_another_client'],
    },
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'reauth related error',
      error_subtype: 'invalid_rapt',
      means:
        'Workspace/Cloud session-control reauthentication required; body carries error_subtype=invalid_rapt (or rapt_required)',
      recovery: 'reauthorize_user',
      reason: 'policy_changed',
      causes: ['session_control_needs_a_new_sign_in'],
    },
    {
      status: 400,
      error: 'admin_policy_enforced',
      means: 'Workspace admin restricted a requested scope/service',
      recovery: 'contact_tenant_admin',
      causes: ['scope_restricted_by_workspace_admin'],
    },
    {
      status: 401,
      error: 'deleted_client',
      means: 'OAuth client deleted (also happens automatically to clients unused for 6 months)',
      recovery: 'fix_client_credentials',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client secret wrong or rotated',
      recovery: 'fix_client_credentials',
    },
    {
      status: 400,
      error: 'invalid_scope',
      means: 'refresh asked for a scope that was not granted',
      recovery: 'fix_request',
    },
    {
      status: 403,
      error: 'org_internal',
      means: 'app is Internal-only and the account is outside the org',
      recovery: 'contact_tenant_admin',
      causes: ['app_is_internal_to_another_organization'],
    },
    {
      status: 400,
      error: 'invalid_grant',
      means: 'the same without a text that is known',
      recovery: 'reauthorize_user',
      causes: INVALID_GRANT_CAUSES,
    },
  ],
  transient_refresh_errors: [
    { status: 500, error: 'internal_failure', means: 'Google backend error', recovery: 'retry_with_backoff' },
    { status: 503, error: 'backend_error', means: 'temporarily unavailable', recovery: 'retry_with_backoff' },
    {
      status: 429,
      error: 'rate_limit_exceeded',
      means: 'token endpoint rate limited',
      recovery: 'retry_with_backoff',
      throttle: true,
    },
    {
      status: 429,
      error: null,
      means: 'rate limited; honour Retry-After if present',
      recovery: 'retry_with_backoff',
      throttle: true,
    },
    { status: '5xx', error: null, means: 'provider outage or gateway error', recovery: 'retry_with_backoff' },
    {
      status: null,
      error: 'network_error',
      means:
        'connect timeout, TLS error or reset; outcome unknown for rotating providers: re-read stored token before retry',
      recovery: 'retry_with_backoff',
    },
  ],
  source: [
    'https://developers.google.com/identity/protocols/oauth2',
    'https://developers.google.com/identity/protocols/oauth2/web-server',
    'https://support.google.com/a/answer/9368756',
  ],
  evidence: 'official docs quoted + endpoint cross-check',
  unverified_fields: [
    'terminal_refresh_errors[1].description_contains',
    'terminal_refresh_errors[7]',
    'scope_aliases',
    'refresh_token_idle_ttl_s (six months, counted as 180 days)',
  ],
  confidence: 'high',
});
