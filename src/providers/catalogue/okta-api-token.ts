/** Okta (API token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const oktaApiToken = (): DescriptorInput => ({
  id: 'okta-api-token',
  display_name: 'Okta (API token)',
  docs_url: 'https://developer.okta.com/docs/guides/create-an-api-token/main/',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://{okta_host}/api/v1/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.profile.login',
  api_base_urls: ['https://{okta_host}/api/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    okta_host: {
      name: 'okta_host',
      required: true,
      pattern: '^[a-z0-9-]+\\.(okta|oktapreview|okta-emea)\\.com$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: SSWS {api_key}',
  preset_of: 'okta',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
