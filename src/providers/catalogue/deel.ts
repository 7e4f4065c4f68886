/** Deel: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const deel = (): DescriptorInput => ({
  id: 'deel',
  display_name: 'Deel',
  docs_url: 'https://developer.deel.com/docs/oauth2',
  auth_type: 'oauth2',
  authorization_url: 'https://app.deel.com/oauth2/authorize',
  token_url: 'https://app.deel.com/oauth2/tokens',
  revocation_reach: 'none',
  userinfo_url: 'https://api.letsdeel.com/rest/v2/people/me',
  api_base_urls: ['https://api.letsdeel.com/rest/v2'],
  default_scopes_example: ['people:read'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 2592000,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 7776000,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-client-id'],
  source: [
    'https://developer.deel.com/docs/oauth2',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs',
  unverified_fields: ['refresh_token', 'revocation_reach'],
  confidence: 'high',
});
