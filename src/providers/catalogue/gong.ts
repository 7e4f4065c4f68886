/** Gong (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const gong = (): DescriptorInput => ({
  id: 'gong',
  display_name: 'Gong (OAuth)',
  docs_url: 'https://help.gong.io/docs/create-an-app-for-gong',
  auth_type: 'oauth2',
  authorization_url: 'https://app.gong.io/oauth2/authorize',
  token_url: 'https://app.gong.io/oauth2/generate-customer-token',
  revocation_reach: 'none',
  api_base_urls: ['{api_base_url_for_customer}/v2'],
  default_scopes_example: ['api:calls:read:basic', 'api:users:read'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  extra_authorization_params: { access_type: 'offline' },
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  url_template_vars: {
    api_base_url_for_customer: {
      name: 'api_base_url_for_customer',
      required: true,
      pattern: '^https://[a-z0-9.-]+\\.gong\\.io$',
      source: 'token response',
      stage: 'account',
      from: 'token_response.api_base_url_for_customer',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['api_base_url_for_customer'],
  source: [
    'https://help.gong.io/docs/create-an-app-for-gong',
    'https://docs.airbyte.com/ai-agents/connectors/gong/AUTH',
    'https://nango.dev/blog/gong-oauth-refresh-token-invalid-grant',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs, and others on rotation',
  unverified_fields: ['access_token_ttl_s', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
