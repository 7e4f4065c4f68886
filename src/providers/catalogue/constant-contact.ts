/** Constant Contact v3: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const constantContact = (): DescriptorInput => ({
  id: 'constant-contact',
  display_name: 'Constant Contact v3',
  docs_url: 'https://developer.constantcontact.com/api_guide/server_flow.html',
  auth_type: 'oauth2',
  authorization_url: 'https://authz.constantcontact.com/oauth2/default/v1/authorize',
  token_url: 'https://authz.constantcontact.com/oauth2/default/v1/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.cc.email/v3/account/summary',
  subject_source: 'userinfo.encoded_account_id',
  subject_label_source: 'userinfo.organization_name',
  api_base_urls: ['https://api.cc.email/v3'],
  default_scopes_example: ['contact_data', 'account_read', 'offline_access'],
  offline_scopes: ['offline_access'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'optional',
  refresh_token_ttl_s: 15552000,
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
