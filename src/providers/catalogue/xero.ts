/** Xero: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const xero = (): DescriptorInput => ({
  id: 'xero',
  display_name: 'Xero',
  docs_url: 'https://developer.xero.com/documentation/guides/oauth2/auth-flow',
  auth_type: 'oauth2',
  authorization_url: 'https://login.xero.com/identity/connect/authorize',
  token_url: 'https://identity.xero.com/connect/token',
  revocation_url: 'https://identity.xero.com/connect/revocation',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.xero.com/connections',
  subject_source: 'id_token.sub',
  subject_label_source: 'id_token.email',
  api_base_urls: ['https://api.xero.com/api.xro/2.0'],
  default_scopes_example: ['offline_access', 'openid', 'profile', 'email', 'accounting.contacts.read'],
  offline_scopes: ['offline_access'],
  scope_aliases: {
    'contacts.read': 'accounting.contacts.read',
    contacts: 'accounting.contacts',
    'settings.read': 'accounting.settings.read',
    offline: 'offline_access',
  },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 1800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 5184000,
  refresh_reuse_grace_s: 1800,
  refresh_reuse_grace_verified: true,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['xero-tenant-id'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means:
        'refresh token expired, reused outside the 30 min grace, or user disconnected (no description in body)',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 400,
      error: 'invalid_client',
      means: 'wrong client id/secret',
      recovery: 'fix_client_credentials',
    },
    {
      status: 400,
      error: 'unauthorized_client',
      means: 'app disabled / grant not allowed',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://developer.xero.com/faq/oauth2/oauth-refresh-fail',
    'https://community.xero.com/developer/discussion/105714701/',
    'https://community.xero.com/developer/discussion/127920775',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/XeroAPI/xero-node/releases/tag/4.10.1',
  ],
  evidence: 'official FAQ + staff replies',
  unverified_fields: ['refresh_token_ttl_s (60 vs 30 d)', 'subject_label_source', 'scope_aliases'],
  confidence: 'high',
});
