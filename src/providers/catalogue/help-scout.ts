/** Help Scout (Mailbox API): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const helpScout = (): DescriptorInput => ({
  id: 'help-scout',
  display_name: 'Help Scout (Mailbox API)',
  docs_url: 'https://developer.helpscout.com/mailbox-api/overview/authentication/',
  auth_type: 'oauth2',
  authorization_url: 'https://secure.helpscout.net/authentication/authorizeClientApplication',
  token_url: 'https://api.helpscout.net/v2/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.helpscout.net/v2/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.helpscout.net/v2'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 172800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['refresh_token', 'revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
