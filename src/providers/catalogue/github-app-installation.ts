/** GitHub App (installation token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const githubAppInstallation = (): DescriptorInput => ({
  id: 'github-app-installation',
  display_name: 'GitHub App (installation token)',
  docs_url:
    'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app',
  auth_type: 'github_app_installation',
  authorization_url: 'https://github.com/apps/{app_slug}/installations/new',
  token_url: 'https://api.github.com/app/installations/{installation_id}/access_tokens',
  revocation_url: 'https://api.github.com/installation/token',
  revocation_reach: 'token',
  userinfo_url: 'https://api.github.com/app/installations/{installation_id}',
  subject_source: 'userinfo.account.id',
  subject_label_source: 'userinfo.account.login',
  api_base_urls: ['https://api.github.com', 'https://uploads.github.com'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'private_key_jwt',
  token_request_format: 'json',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  refresh_scope_downscoping: 'supported',
  url_template_vars: {
    installation_id: {
      name: 'installation_id',
      required: true,
      pattern: '^[0-9]+$',
      source: 'callback query installation_id',
      stage: 'account',
      from: 'callback.installation_id',
    },
    app_slug: { name: 'app_slug', required: true, pattern: '^[a-z0-9-]+$', source: 'app config' },
  },
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-github-api-version'],
  token_response_map: { access_token: 'token', expires_at: 'expires_at' },
  capture_from_callback: ['installation_id'],
  terminal_refresh_errors: [
    { status: 404, error: 'Not Found', means: 'installation deleted', recovery: 'reauthorize_user' },
    {
      status: 403,
      error: 'This installation has been suspended',
      means: 'installation suspended',
      recovery: 'contact_tenant_admin',
    },
    {
      status: 401,
      error: 'A JSON web token could not be decoded',
      means: 'bad key / clock skew (iat in future, exp > 10 min)',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango + background',
  unverified_fields: ['terminal_refresh_errors'],
  confidence: 'medium',
});
