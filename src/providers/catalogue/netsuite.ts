/** NetSuite (OAuth 2.0): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const netsuite = (): DescriptorInput => ({
  id: 'netsuite',
  display_name: 'NetSuite (OAuth 2.0)',
  docs_url: 'https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_158081952044.html',
  auth_type: 'oauth2',
  authorization_url: 'https://{account_id}.app.netsuite.com/app/login/oauth2/authorize.nl',
  token_url: 'https://{account_id}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token',
  revocation_url: 'https://{account_id}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/revoke',
  revocation_reach: 'token',
  api_base_urls: ['https://{account_id}.suitetalk.api.netsuite.com/services/rest'],
  default_scopes_example: ['rest_webservices'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 604800,
  url_template_vars: {
    account_id: {
      name: 'account_id',
      required: true,
      pattern: '^[a-z0-9-]+$',
      source: 'user input (lower-case, _ becomes -)',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_callback: ['company', 'role', 'entity'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'nango docs netsuite.mdx',
    'https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_161071224088.html',
  ],
  evidence: 'nango docs',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s'],
  confidence: 'medium',
});
