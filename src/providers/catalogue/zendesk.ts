/** Zendesk (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const zendesk = (): DescriptorInput => ({
  id: 'zendesk',
  display_name: 'Zendesk (OAuth)',
  docs_url: 'https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/',
  auth_type: 'oauth2',
  authorization_url: 'https://{subdomain}.zendesk.com/oauth/authorizations/new',
  token_url: 'https://{subdomain}.zendesk.com/oauth/tokens',
  revocation_url: 'https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current.json',
  revocation_reach: 'token',
  userinfo_url: 'https://{subdomain}.zendesk.com/api/v2/users/me.json',
  subject_source: 'userinfo.user.id',
  subject_label_source: 'userinfo.user.email',
  api_base_urls: ['https://{subdomain}.zendesk.com/api/v2'],
  default_scopes_example: ['read', 'write'],
  pkce: 'supported',
  token_endpoint_auth_method: 'json_body',
  extra_token_params: { expires_in: '1800', refresh_token_expires_in: '2592000' },
  extra_refresh_params: { expires_in: '1800', refresh_token_expires_in: '2592000' },
  token_request_format: 'json',
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 0,
  url_template_vars: {
    subdomain: {
      name: 'subdomain',
      required: true,
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      source: 'user input at connect time',
    },
  },
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
      means: 'refresh token expired, already used or revoked',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client id/secret wrong or client not global for this subdomain',
      recovery: 'fix_client_credentials',
    },
    {
      status: 404,
      error: null,
      means: 'subdomain renamed/cancelled (HTML page)',
      recovery: 'contact_tenant_admin',
    },
  ],
  source: [
    'https://support.zendesk.com/hc/en-us/articles/9182123625370',
    'https://developer.zendesk.com/documentation/api-basics/authentication/refresh-token',
    'https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://developer.zendesk.com/documentation/api-basics/authentication/revoking-oauth-token',
  ],
  evidence: 'official docs excerpts',
  unverified_fields: ['terminal_refresh_errors', 'subject_source', 'subject_label_source'],
  confidence: 'high',
});
