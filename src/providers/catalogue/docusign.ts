/** DocuSign: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const docusign = (): DescriptorInput => ({
  id: 'docusign',
  display_name: 'DocuSign',
  docs_url: 'https://developers.docusign.com/platform/auth/confidential-authcode-get-token/',
  auth_type: 'oauth2',
  authorization_url: 'https://account.docusign.com/oauth/auth',
  token_url: 'https://account.docusign.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://account.docusign.com/oauth/userinfo',
  subject_source: 'userinfo.sub',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['{base_uri}/restapi/v2.1/accounts/{account_id}'],
  default_scopes_example: ['signature', 'extended'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 28800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 2592000,
  url_template_vars: {
    base_uri: {
      name: 'base_uri',
      required: true,
      pattern: '^https://[a-z0-9-]+\\.docusign\\.(net|com)$',
      source: 'userinfo accounts[].base_uri of the default account',
      stage: 'account',
      from: 'userinfo.accounts[is_default=true].base_uri',
    },
    account_id: {
      name: 'account_id',
      required: true,
      pattern: '^[0-9a-f-]{36}$',
      source: 'userinfo accounts[].account_id of the default account',
      stage: 'account',
      from: 'userinfo.accounts[is_default=true].account_id',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token expired/revoked (body may say expired_client_token / invalid_refresh_token)',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    { status: 400, error: 'consent_required', means: 'consent withdrawn', recovery: 'reauthorize_user' },
    {
      status: 401,
      error: 'invalid_client',
      means: 'integration key/secret wrong',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://www.docusign.com/blog/developers/authorization-code-grant-refresh-tokens',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official blog',
  unverified_fields: ['terminal_refresh_errors[0].means details', 'revocation_reach', 'subject_label_source'],
  confidence: 'high',
});
