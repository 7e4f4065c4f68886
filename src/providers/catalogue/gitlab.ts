/** GitLab: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const gitlab = (): DescriptorInput => ({
  id: 'gitlab',
  display_name: 'GitLab',
  docs_url: 'https://docs.gitlab.com/api/oauth2/',
  auth_type: 'oauth2',
  authorization_url: 'https://{host}/oauth/authorize',
  token_url: 'https://{host}/oauth/token',
  revocation_url: 'https://{host}/oauth/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://{host}/api/v4/user',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://{host}/api/v4'],
  default_scopes_example: ['read_user', 'read_api'],
  scope_aliases: {
    'profile.read': 'read_user',
    'api.readonly': 'read_api',
    full: 'api',
    'repository.read': 'read_repository',
    'repository.write': 'write_repository',
  },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_refresh_params: { redirect_uri: '{redirect_uri}' },
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 0,
  url_template_vars: {
    host: {
      name: 'host',
      required: false,
      pattern: '^[a-z0-9.-]+(:[0-9]+)?$',
      default: 'gitlab.com',
      source: 'config (self-managed) - SSRF guard needed',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'The provided authorization grant is invalid, expired, revoked',
      means: 'refresh token used, revoked, or redirect_uri mismatch',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'client wrong/deleted',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://github.com/gitlabhq/gitlabhq/blob/HEAD/doc/api/oauth2.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'official docs (full text)',
  unverified_fields: ['scope_aliases'],
  confidence: 'high',
});
