/** Klaviyo (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const klaviyo = (): DescriptorInput => ({
  id: 'klaviyo',
  display_name: 'Klaviyo (OAuth)',
  docs_url: 'https://developers.klaviyo.com/en/docs/set_up_oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://www.klaviyo.com/oauth/authorize',
  token_url: 'https://a.klaviyo.com/oauth/token',
  revocation_url: 'https://a.klaviyo.com/oauth/revoke',
  userinfo_url: 'https://a.klaviyo.com/api/accounts',
  subject_source: 'userinfo.data[0].id',
  subject_label_source: 'userinfo.data[0].attributes.contact_information.organization_name',
  api_base_urls: ['https://a.klaviyo.com/api'],
  default_scopes_example: ['accounts:read', 'profiles:read'],
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['revision'],
  refresh_token_idle_ttl_s: 7776000,
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token expired, revoked or app uninstalled',
      recovery: 'reauthorize_user',
    },
    { status: 400, error: 'invalid_client', means: 'Basic header wrong', recovery: 'fix_client_credentials' },
  ],
  source: [
    'https://developers.klaviyo.com/en/docs/troubleshoot_oauth_errors',
    'https://developers.klaviyo.com/en/docs/set_up_oauth',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'official docs (partial)',
  unverified_fields: [
    'refresh_token',
    'refresh_token_ttl_s',
    'access_token_ttl_s',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
