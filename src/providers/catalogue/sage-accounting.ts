/** Sage Business Cloud Accounting: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const sageAccounting = (): DescriptorInput => ({
  id: 'sage-accounting',
  display_name: 'Sage Business Cloud Accounting',
  docs_url: 'https://developer.sage.com/accounting/guides/authenticating/',
  auth_type: 'oauth2',
  authorization_url: 'https://www.sageone.com/oauth2/auth/central',
  token_url: 'https://oauth.accounting.sage.com/token',
  revocation_url: 'https://oauth.accounting.sage.com/revoke',
  userinfo_url: 'https://api.accounting.sage.com/v3.1/user',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.displayed_as',
  api_base_urls: ['https://api.accounting.sage.com/v3.1'],
  default_scopes_example: ['full_access'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { filter: 'apiv3.1' },
  access_token_ttl_s: 300,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 2678400,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-business'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
