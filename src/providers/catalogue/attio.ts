/** Attio: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const attio = (): DescriptorInput => ({
  id: 'attio',
  display_name: 'Attio',
  docs_url: 'https://docs.attio.com/rest-api/tutorials/connect-an-app-through-oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://app.attio.com/authorize',
  token_url: 'https://app.attio.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.attio.com/v2/self',
  subject_source: 'userinfo.workspace_id + userinfo.authorized_by_workspace_member_id',
  subject_label_source: 'userinfo.workspace_name',
  api_base_urls: ['https://api.attio.com/v2'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['revocation_reach', 'subject_label_source'],
  confidence: 'medium',
});
