/** Intercom: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const intercom = (): DescriptorInput => ({
  id: 'intercom',
  display_name: 'Intercom',
  docs_url:
    'https://developers.intercom.com/docs/build-an-integration/learn-more/authentication/setting-up-oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://app.intercom.com/oauth',
  token_url: 'https://api.intercom.io/auth/eagle/token',
  revocation_url: 'https://api.intercom.io/auth/uninstall',
  revocation_reach: 'installation',
  userinfo_url: 'https://api.intercom.io/me',
  subject_source: 'userinfo.app.id_code',
  subject_label_source: 'userinfo.app.name',
  api_base_urls: ['https://api.intercom.io', 'https://api.eu.intercom.io', 'https://api.au.intercom.io'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['intercom-version'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + nango docs',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
