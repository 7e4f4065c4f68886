/** PagerDuty: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const pagerduty = (): DescriptorInput => ({
  id: 'pagerduty',
  display_name: 'PagerDuty',
  docs_url: 'https://developer.pagerduty.com/docs/user-oauth-token-via-code-grant',
  auth_type: 'oauth2',
  authorization_url: 'https://identity.pagerduty.com/oauth/authorize',
  token_url: 'https://identity.pagerduty.com/oauth/token',
  revocation_url: 'https://identity.pagerduty.com/oauth/revoke',
  userinfo_url: 'https://api.pagerduty.com/users/me',
  subject_source: 'userinfo.user.id',
  subject_label_source: 'userinfo.user.email',
  api_base_urls: ['https://api.pagerduty.com'],
  default_scopes_example: ['openid', 'incidents.read'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['from'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'authorization_url',
    'token_url',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'low',
});
