/** Bullhorn: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const bullhorn = (): DescriptorInput => ({
  id: 'bullhorn',
  display_name: 'Bullhorn',
  docs_url: 'https://bullhorn.github.io/Getting-Started-with-REST/',
  auth_type: 'oauth2',
  unsupported:
    'its API takes the session of a second login (BhRestToken), not the access token: kept for when sessions are spoken',
  authorization_url: 'https://auth.bullhornstaffing.com/oauth/authorize',
  token_url: 'https://auth.bullhornstaffing.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: '{restUrl}settings/userId',
  subject_source: 'userinfo.userId',
  api_base_urls: ['{restUrl}'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  url_template_vars: {
    restUrl: {
      name: 'restUrl',
      required: true,
      pattern: '^https://rest[a-z0-9-]*\\.bullhornstaffing\\.com/([A-Za-z0-9-]+/)+$',
      source: 'login response',
      stage: 'account',
    },
  },
  token_header: 'BhRestToken: {session_token}',
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
  ],
  confidence: 'low',
});
