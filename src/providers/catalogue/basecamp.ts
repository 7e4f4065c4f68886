/** Basecamp (37signals Launchpad): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const basecamp = (): DescriptorInput => ({
  id: 'basecamp',
  display_name: 'Basecamp (37signals Launchpad)',
  docs_url: 'https://github.com/basecamp/api/blob/master/sections/authentication.md',
  auth_type: 'oauth2',
  authorization_url: 'https://launchpad.37signals.com/authorization/new',
  token_url: 'https://launchpad.37signals.com/authorization/token',
  revocation_reach: 'none',
  userinfo_url: 'https://launchpad.37signals.com/authorization.json',
  subject_source: 'userinfo.identity.id',
  subject_label_source: 'userinfo.identity.email_address',
  api_base_urls: ['https://3.basecampapi.com/{account_id}'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { type: 'web_server' },
  extra_token_params: { type: 'web_server' },
  extra_refresh_params: { type: 'refresh' },
  access_token_ttl_s: 1209600,
  access_token_never_expires: false,
  refresh_token: 'static',
  url_template_vars: {
    account_id: {
      name: 'account_id',
      required: true,
      pattern: '^[0-9]+$',
      // Of several accounts the operator says which.
      source: 'authorization.json accounts[].id of the product bc3',
      stage: 'account',
      from: 'userinfo.accounts[product=bc3].id',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
