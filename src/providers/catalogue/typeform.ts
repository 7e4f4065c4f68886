/** Typeform: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const typeform = (): DescriptorInput => ({
  id: 'typeform',
  display_name: 'Typeform',
  docs_url: 'https://www.typeform.com/developers/get-started/applications/',
  auth_type: 'oauth2',
  authorization_url: 'https://api.typeform.com/oauth/authorize',
  token_url: 'https://api.typeform.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.typeform.com/me',
  subject_source: 'userinfo.user_id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.typeform.com', 'https://api.eu.typeform.com'],
  default_scopes_example: ['offline', 'accounts:read', 'forms:read', 'responses:read'],
  offline_scopes: ['offline'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 604800,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_signals: [{ status: 403, field: 'code', equals: 'AUTHENTICATION_FAILED', means: 'invalid' }],
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
