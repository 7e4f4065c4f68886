/** Box (Client Credentials Grant): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const boxCcg = (): DescriptorInput => ({
  id: 'box-ccg',
  display_name: 'Box (Client Credentials Grant)',
  docs_url: 'https://developer.box.com/guides/authentication/client-credentials',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://api.box.com/oauth2/token',
  revocation_url: 'https://api.box.com/oauth2/revoke',
  revocation_reach: 'token',
  userinfo_url: 'https://api.box.com/2.0/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.login',
  api_base_urls: ['https://api.box.com/2.0'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_token_params: {
    grant_type: 'client_credentials',
    box_subject_type: '{box_subject_type}',
    box_subject_id: '{subject}',
  },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    box_subject_type: {
      name: 'box_subject_type',
      required: false,
      default: 'enterprise',
      pattern: '^(enterprise|user)$',
      source: 'user input',
    },
    subject: { name: 'subject', required: false, pattern: '^[0-9]{1,20}$', source: 'user input' },
  },
  token_header: 'Authorization: Bearer {access_token}',
  preset_of: 'box',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Grant credentials are invalid',
      means: 'grant credentials invalid / app not authorized in Admin Console',
      recovery: 'contact_tenant_admin',
    },
  ],
  source: [
    'https://github.com/box/developer.box.com/blob/HEAD/content/guides/authentication/client-credentials',
    'https://developer.box.com/guides/authentication/access-tokens/revoke',
  ],
  evidence: 'official docs',
  confidence: 'high',
});
