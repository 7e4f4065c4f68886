/** Metabase (session token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const metabaseSession = (): DescriptorInput => ({
  id: 'metabase-session',
  display_name: 'Metabase (session token)',
  docs_url: 'https://www.metabase.com/docs/latest/api-documentation',
  auth_type: 'session_token',
  token_url: 'https://{host}/api/session',
  revocation_url: 'https://{host}/api/session',
  revocation_reach: 'token',
  userinfo_url: 'https://{host}/api/user/current',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://{host}/api'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'json_body',
  token_request_format: 'json',
  access_token_ttl_s: 1209600,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    host: {
      name: 'host',
      required: true,
      pattern: '^[a-z0-9.-]+(:[0-9]+)?$',
      source: 'user input; SSRF guard',
    },
  },
  login_params: { username: '{username}', password: '{password}' },
  revocation_request: 'delete_with_token',
  token_header: 'X-Metabase-Session: {access_token}',
  token_response_map: { access_token: 'id' },
  terminal_refresh_errors: [
    {
      status: 401,
      error: 'did not match stored password',
      field: 'errors.password',
      means: 'password wrong/changed or SSO enforced',
      recovery: 'reauthorize_user',
    },
    {
      status: 401,
      error: null,
      description_contains: 'account is disabled',
      field_alt: 'errors._error',
      means: 'deactivated user',
      recovery: 'reauthorize_user',
    },
  ],
  transient_refresh_errors: [
    {
      status: 400,
      error: null,
      description_contains: 'too many attempts',
      field_alt: 'errors.username',
      means: 'failed logins are throttled',
      recovery: 'retry_with_backoff',
      throttle: true,
    },
  ],
  source: ['general knowledge'],
  evidence: 'background',
  unverified_fields: [
    'subject_source',
    'subject_label_source',
    'terminal_refresh_errors',
    'transient_refresh_errors',
  ],
  confidence: 'medium',
});
