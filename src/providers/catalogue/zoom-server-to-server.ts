/** Zoom (Server-to-Server OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const zoomServerToServer = (): DescriptorInput => ({
  id: 'zoom-server-to-server',
  display_name: 'Zoom (Server-to-Server OAuth)',
  docs_url: 'https://developers.zoom.us/docs/internal-apps/s2s-oauth/',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://zoom.us/oauth/token',
  revocation_url: 'https://zoom.us/oauth/revoke',
  userinfo_url: 'https://api.zoom.us/v2/users/me',
  subject_source: 'userinfo.account_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.zoom.us/v2'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  extra_token_params: { grant_type: 'account_credentials', account_id: '{account_id}' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    account_id: {
      name: 'account_id',
      required: true,
      pattern: '^[A-Za-z0-9_-]{10,40}$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  preset_of: 'zoom',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_client',
      means: 'bad client or account_id',
      recovery: 'fix_client_credentials',
    },
  ],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
