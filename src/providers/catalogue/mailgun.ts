/** Mailgun: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const mailgun = (): DescriptorInput => ({
  id: 'mailgun',
  display_name: 'Mailgun',
  docs_url: 'https://documentation.mailgun.com/docs/mailgun/api-reference/',
  auth_type: 'basic',
  revocation_reach: 'none',
  userinfo_url: 'https://{mailgun_host}/v4/domains',
  api_base_urls: ['https://{mailgun_host}'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    mailgun_host: {
      name: 'mailgun_host',
      required: false,
      pattern: '^api(\\.eu)?\\.mailgun\\.net$',
      default: 'api.mailgun.net',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Basic base64(api:{password})',
  credential_fields: [{ name: 'password', label: 'api_key' }],
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
