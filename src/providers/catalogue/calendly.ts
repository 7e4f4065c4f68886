/** Calendly: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const calendly = (): DescriptorInput => ({
  id: 'calendly',
  display_name: 'Calendly',
  docs_url: 'https://developer.calendly.com/how-to-access-calendly-data-on-behalf-of-authenticated-users',
  auth_type: 'oauth2',
  authorization_url: 'https://auth.calendly.com/oauth/authorize',
  token_url: 'https://auth.calendly.com/oauth/token',
  revocation_url: 'https://auth.calendly.com/oauth/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://api.calendly.com/users/me',
  subject_source: 'token_response.owner',
  subject_label_source: 'userinfo.resource.email',
  api_base_urls: ['https://api.calendly.com'],
  default_scopes_example: ['users:read', 'scheduled_events:read'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_reuse_grace_s: 0,
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['owner', 'organization'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token already used or revoked',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    { status: 401, error: 'invalid_client', means: 'client wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://developer.calendly.com/refresh-token-rotation-guide',
    'https://developer.calendly.com/how-to-access-calendly-data-on-behalf-of-authenticated-users',
    'https://developer.calendly.com/api-docs/calendly-o-auth/o-auth/post-oauth-revoke.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs',
  unverified_fields: ['revocation_reach', 'subject_label_source'],
  confidence: 'high',
});
