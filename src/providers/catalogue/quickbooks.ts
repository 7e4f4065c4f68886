/** QuickBooks Online: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const quickbooks = (): DescriptorInput => ({
  id: 'quickbooks',
  display_name: 'QuickBooks Online',
  docs_url:
    'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0',
  auth_type: 'oauth2',
  authorization_url: 'https://appcenter.intuit.com/connect/oauth2',
  token_url: 'https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer',
  revocation_url: 'https://developer.api.intuit.com/v2/oauth2/tokens/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://quickbooks.api.intuit.com/v3/company/{realmId}/companyinfo/{realmId}',
  subject_source: 'id_token.realmid',
  subject_label_source: 'userinfo.CompanyInfo.CompanyName',
  api_base_urls: ['https://quickbooks.api.intuit.com/v3/company/{realmId}'],
  default_scopes_example: ['com.intuit.quickbooks.accounting'],
  scope_aliases: {
    accounting: 'com.intuit.quickbooks.accounting',
    payments: 'com.intuit.quickbooks.payment',
  },
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 8726400,
  refresh_reuse_grace_s: 86400,
  refresh_reuse_grace_verified: true,
  refresh_scope_downscoping: 'unsupported',
  url_template_vars: {
    realmId: {
      name: 'realmId',
      required: true,
      pattern: '^[0-9]{10,19}$',
      source: 'callback query realmId',
      stage: 'account',
      from: 'callback.realmId',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: 'expires_in',
    scope: 'scope',
    refresh_token_expires_in: 'x_refresh_token_expires_in',
  },
  capture_from_callback: ['realmId'],
  refresh_token_absolute_ttl_s: 157680000,
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means:
        'refresh token expired (100 d idle / 5 y hard), superseded > 24 h ago, user disconnected in QuickBooks, or wrong client',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Incorrect or invalid refresh token',
      means: 'same',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Token invalid',
      means: 'same',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client id/secret wrong (or sandbox keys used on production)',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/intuit/QuickBooks-V3-Java-SDK/releases/tag/v6.5.4',
    'https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/faq',
    'https://nango.dev/blog/quickbooks-oauth-refresh-token-invalid-grant',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'https://github.com/intuit/oauth-jsclient/blob/HEAD/README',
  ],
  evidence: 'official release notes + FAQ + nango',
  unverified_fields: [
    'subject_source',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_label_source',
    'scope_aliases',
  ],
  confidence: 'high',
});
