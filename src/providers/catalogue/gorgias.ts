/** Gorgias: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const gorgias = (): DescriptorInput => ({
  id: 'gorgias',
  display_name: 'Gorgias',
  docs_url: 'https://developers.gorgias.com/docs/oauth2-1',
  auth_type: 'oauth2',
  authorization_url: 'https://{subdomain}.gorgias.com/oauth/authorize',
  token_url: 'https://{subdomain}.gorgias.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://{subdomain}.gorgias.com/api/account',
  subject_source: 'userinfo.domain',
  subject_label_source: 'userinfo.domain',
  api_base_urls: ['https://{subdomain}.gorgias.com/api'],
  default_scopes_example: ['offline', 'tickets:read'],
  offline_scopes: ['offline'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  url_template_vars: {
    subdomain: {
      name: 'subdomain',
      required: true,
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      source: 'user input at connect time',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://developers.gorgias.com/docs/oauth2-authentication-for-creating-apps-with-gorgias',
    'https://developers.gorgias.com/docs/oauth2-bearer-token',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs',
  unverified_fields: ['refresh_token', 'revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'high',
});
