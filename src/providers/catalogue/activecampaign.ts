/** ActiveCampaign: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const activecampaign = (): DescriptorInput => ({
  id: 'activecampaign',
  display_name: 'ActiveCampaign',
  docs_url: 'https://developers.activecampaign.com/reference/authentication',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://{account_host}/api/3/users/me',
  subject_source: 'userinfo.user.id',
  subject_label_source: 'userinfo.user.email',
  api_base_urls: ['https://{account_host}/api/3'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    account_host: {
      name: 'account_host',
      required: true,
      pattern: '^[a-z0-9-]+\\.(api-us1|activehosted)\\.com$',
      source: 'user input',
    },
  },
  token_header: 'Api-Token: {api_key}',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
