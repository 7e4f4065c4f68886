/** Ramp: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const ramp = (): DescriptorInput => ({
  id: 'ramp',
  display_name: 'Ramp',
  docs_url: 'https://docs.ramp.com/developer-api/v1/authorization',
  auth_type: 'oauth2',
  authorization_url: 'https://app.ramp.com/v1/authorize',
  token_url: 'https://api.ramp.com/developer/v1/token',
  revocation_url: 'https://api.ramp.com/developer/v1/token/revoke',
  userinfo_url: 'https://api.ramp.com/developer/v1/business',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.business_name_legal',
  api_base_urls: ['https://api.ramp.com/developer/v1'],
  default_scopes_example: ['business:read', 'transactions:read'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://www.skills.sh/jeremylongshore/tons-of-skills-marketplace/ramp-install-auth',
    'https://docs.rs/crate/ramp-api/latest/source/src/auths.rs',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'endpoints as clients use them; lifetimes as others read the official guide',
  unverified_fields: [
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_url',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
