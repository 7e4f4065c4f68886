/** BambooHR (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const bamboohr = (): DescriptorInput => ({
  id: 'bamboohr',
  display_name: 'BambooHR (OAuth)',
  docs_url: 'https://documentation.bamboohr.com/docs/getting-started',
  auth_type: 'oauth2',
  authorization_url: 'https://{subdomain}.bamboohr.com/authorize.php',
  token_url: 'https://{subdomain}.bamboohr.com/token.php',
  revocation_reach: 'none',
  userinfo_url: 'https://api.bamboohr.com/api/gateway.php/{subdomain}/v1/meta/users',
  subject_source: 'id_token.sub',
  subject_label_source: 'id_token.email',
  api_base_urls: ['https://api.bamboohr.com/api/gateway.php/{subdomain}/v1'],
  default_scopes_example: ['email', 'openid', 'offline_access'],
  offline_scopes: ['offline_access'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { request: 'authorize' },
  extra_token_params: { request: 'token' },
  extra_refresh_params: { request: 'token' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  url_template_vars: {
    subdomain: {
      name: 'subdomain',
      required: true,
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      source: 'user input at connect time',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'low',
});
