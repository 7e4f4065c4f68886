/** GitHub App (installation token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

/** Permissions of an installation, as a scope names them; each has `read` and `write`. */
const PERMISSIONS = [
  'actions',
  'administration',
  'checks',
  'contents',
  'deployments',
  'environments',
  'issues',
  'members',
  'organization_administration',
  'organization_projects',
  'packages',
  'pages',
  'pull_requests',
  'repository_projects',
  'secrets',
  'security_events',
  'statuses',
  'workflows',
];
const KNOWN = PERMISSIONS.flatMap((name) => [`${name}:read`, `${name}:write`]);
const LEVELS = Object.fromEntries(PERMISSIONS.map((name) => [`${name}:write`, [`${name}:read`]]));

export const githubAppInstallation = (): DescriptorInput => ({
  id: 'github-app-installation',
  display_name: 'GitHub App (installation token)',
  docs_url:
    'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app',
  auth_type: 'github_app_installation',
  token_url: 'https://api.github.com/app/installations/{installation_id}/access_tokens',
  revocation_url: 'https://api.github.com/installation/token',
  revocation_reach: 'token',
  api_base_urls: ['https://api.github.com'],
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
      source: 'user input',
      stage: 'account',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  revocation_request: 'delete_with_token',
  assertion: {
    sent: 'authorization',
    claims: { iss: '{client_id}' },
    // At most ten minutes, and a clock ahead of theirs is refused.
    lifetime_s: 480,
    backdated_s: 60,
    jti: false,
  },
  scope_objects: { levels: 'permissions', lists: { repository: 'repositories' } },
  scope_implies: LEVELS,
  known_scopes: KNOWN,
  baseline_scopes: ['metadata:read'],
  token_response_map: { access_token: 'token', expires_at: 'expires_at' },
  terminal_refresh_errors: [
    {
      status: 404,
      error: 'Not Found',
      field: 'message',
      means: 'installation deleted',
      recovery: 'reauthorize_user',
    },
    {
      status: 403,
      error: 'This installation has been suspended',
      field: 'message',
      means: 'installation suspended',
      recovery: 'contact_tenant_admin',
    },
    {
      status: 401,
      error: 'A JSON web token could not be decoded',
      field: 'message',
      means: 'bad key / clock skew (iat in future, exp > 10 min)',
      recovery: 'fix_client_credentials',
    },
    {
      status: 401,
      error: 'Integration not found',
      field: 'message',
      means: 'no app of this id',
      recovery: 'fix_client_credentials',
    },
    {
      status: 422,
      error: null,
      description_contains: 'permissions requested are not granted',
      means: 'more was asked for than the installation has',
      recovery: 'fix_request',
    },
  ],
  transient_refresh_errors: [
    {
      status: 401,
      error: null,
      description_contains: "'issued at' claim",
      means: 'clocks apart',
      recovery: 'retry_with_backoff',
    },
    {
      status: 403,
      error: null,
      description_contains: 'rate limit',
      means: 'too many requests',
      recovery: 'retry_with_backoff',
      throttle: true,
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango + background',
  unverified_fields: ['terminal_refresh_errors', 'transient_refresh_errors'],
  confidence: 'medium',
});
