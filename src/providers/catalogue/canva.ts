/** Canva Connect: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const canva = (): DescriptorInput => ({
  id: 'canva',
  display_name: 'Canva Connect',
  docs_url: 'https://www.canva.dev/docs/connect/api-reference/authentication/generate-access-token/',
  auth_type: 'oauth2',
  authorization_url: 'https://www.canva.com/api/oauth/authorize',
  token_url: 'https://api.canva.com/rest/v1/oauth/token',
  revocation_url: 'https://api.canva.com/rest/v1/oauth/revoke',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.canva.com/rest/v1/users/me',
  subject_source: 'userinfo.team_user.team_id + userinfo.team_user.user_id',
  api_base_urls: ['https://api.canva.com/rest/v1'],
  default_scopes_example: ['profile:read', 'design:meta:read'],
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 14400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 0,
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token already used (lineage revoked), expired or revoked',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    { status: 401, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://canva.dev/docs/connect/api-reference/authentication/generate-access-token',
    'https://www.canva.dev/docs/apps/rest-apis/reference/authentication/revoke-token/',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs',
  unverified_fields: ['terminal_refresh_errors', 'subject_source'],
  confidence: 'high',
});
