/**
 * HubSpot: facts as data. The refresh token stays the same; errors carry RFC 6749's fields and an older `status`;
 * the `/oauth/v1` endpoints end on 2027-02-16, so the dated ones are used.
 */

import type { DescriptorInput } from '../descriptor.ts';

export const hubspot = (): DescriptorInput => ({
  id: 'hubspot',
  display_name: 'HubSpot',
  docs_url: 'https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens',
  auth_type: 'oauth2',
  authorization_url: 'https://app.hubspot.com/oauth/authorize',
  token_url: 'https://api.hubapi.com/oauth/2026-03/token',
  revocation_url: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.hubapi.com/account-info/v3/details',
  subject_source: 'userinfo.portalId',
  email_is_verified: false,
  api_base_urls: ['https://api.hubapi.com'],
  default_scopes_example: ['oauth', 'crm.objects.contacts.read'],
  scope_separator: ' ',
  scope_aliases: {
    'contacts.read': 'crm.objects.contacts.read',
    'contacts.write': 'crm.objects.contacts.write',
    'companies.read': 'crm.objects.companies.read',
    'companies.write': 'crm.objects.companies.write',
    'deals.read': 'crm.objects.deals.read',
    'deals.write': 'crm.objects.deals.write',
    'owners.read': 'crm.objects.owners.read',
  },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 1800,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_scope_downscoping: 'unknown',
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
  },
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'refresh token is invalid, expired or revoked',
      means:
        'refresh token invalid, expired or revoked (app uninstalled / deleted). Body also has legacy status=BAD_REFRESH_TOKEN and message',
      recovery: 'reauthorize_user',
      causes: ['app_uninstalled', 'refresh_token_deleted_or_revoked', 'app_deleted'],
    },
    {
      status: 400,
      error: 'BAD_REFRESH_TOKEN',
      field: 'status',
      description_contains: 'refresh token',
      means:
        "legacy shape: status field = BAD_REFRESH_TOKEN, message 'missing or invalid refresh token' / 'missing or unknown refresh token' (no OAuth error field in old responses)",
      recovery: 'reauthorize_user',
      causes: ['app_uninstalled', 'refresh_token_deleted_or_revoked', 'app_deleted'],
    },
    {
      status: 400,
      error: 'BAD_CLIENT_ID',
      field: 'status',
      means: 'client id unknown',
      recovery: 'fix_client_credentials',
    },
    {
      status: 400,
      error: 'BAD_CLIENT_SECRET',
      field: 'status',
      means: 'client secret mismatch',
      recovery: 'fix_client_credentials',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client authentication failed (new standardized shape)',
      recovery: 'fix_client_credentials',
    },
    {
      status: 400,
      error: 'BAD_AUTH_CODE',
      field: 'status',
      means: 'authorization code invalid or already used (exchange only)',
      recovery: 'reauthorize_user',
      exchange_only: true,
    },
  ],
  transient_refresh_errors: [
    {
      status: 429,
      error: 'RATE_LIMITS',
      means: 'TEN_SECONDLY_ROLLING or DAILY policy hit; errorType RATE_LIMIT',
      recovery: 'retry_with_backoff',
      throttle: true,
    },
    { status: '5xx', error: null, means: 'HubSpot outage', recovery: 'retry_with_backoff' },
    {
      status: null,
      error: 'network_error',
      means:
        'connect timeout, TLS error or reset; outcome unknown for rotating providers: re-read stored token before retry',
      recovery: 'retry_with_backoff',
    },
  ],
  source: [
    'https://developers.hubspot.com/changelog/v1-oauth-api-deprecation',
    'https://developers.hubspot.com/changelog/new-oauth-v3-api-endpoints-and-standardized-error-responses',
    'https://developers.hubspot.com/docs/api-reference/legacy/authentication/oauth-tokens/v1/migration-guide',
    'https://developers.hubspot.com/docs/api-reference/latest/authentication/oauth-tokens/revoke-token',
    'https://developers.hubspot.com/changelog/upcoming-expiration-of-oauth-access-tokens-is-changing',
    'https://nango.dev/blog/hubspot-oauth-bad-refresh-token',
  ],
  evidence: 'official docs excerpts',
  unverified_fields: ['terminal_refresh_errors[2..3,5]', 'scope_aliases'],
  confidence: 'high',
});
