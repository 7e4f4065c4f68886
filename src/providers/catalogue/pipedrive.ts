/** Pipedrive: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const pipedrive = (): DescriptorInput => ({
  id: 'pipedrive',
  display_name: 'Pipedrive',
  docs_url: 'https://pipedrive.readme.io/docs/marketplace-oauth-authorization',
  auth_type: 'oauth2',
  authorization_url: 'https://oauth.pipedrive.com/oauth/authorize',
  token_url: 'https://oauth.pipedrive.com/oauth/token',
  revocation_url: 'https://oauth.pipedrive.com/oauth/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.pipedrive.com/v1/users/me',
  subject_source: 'userinfo.data.company_id + userinfo.data.id',
  subject_label_source: 'userinfo.data.email',
  api_base_urls: ['{api_domain}/api'],
  default_scopes_example: ['base', 'deals:read'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3599,
  access_token_never_expires: false,
  refresh_token: 'static',
  url_template_vars: {
    api_domain: {
      name: 'api_domain',
      required: true,
      pattern: '^https://[a-z0-9-]+\\.pipedrive\\.com$',
      source: 'token response api_domain',
      stage: 'account',
      from: 'token_response.api_domain',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['api_domain'],
  refresh_token_idle_ttl_s: 5184000,
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://pipedrive.readme.io/docs/app-uninstallation',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s'],
  confidence: 'medium',
});
