/** Webflow: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const webflow = (): DescriptorInput => ({
  id: 'webflow',
  display_name: 'Webflow',
  docs_url: 'https://developers.webflow.com/data/reference/oauth-app',
  auth_type: 'oauth2',
  authorization_url: 'https://webflow.com/oauth/authorize',
  token_url: 'https://api.webflow.com/oauth/access_token',
  revocation_url: 'https://webflow.com/oauth/revoke_authorization',
  userinfo_url: 'https://api.webflow.com/v2/token/authorized_by',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.webflow.com/v2'],
  default_scopes_example: ['authorized_user:read', 'sites:read', 'cms:read'],
  token_endpoint_auth_method: 'client_secret_post',
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['revocation_url', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
