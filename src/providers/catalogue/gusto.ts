/** Gusto: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const gusto = (): DescriptorInput => ({
  id: 'gusto',
  display_name: 'Gusto',
  docs_url: 'https://docs.gusto.com/app-integrations/docs/oauth2',
  auth_type: 'oauth2',
  authorization_url: 'https://api.gusto.com/oauth/authorize',
  token_url: 'https://api.gusto.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.gusto.com/v1/token_info',
  subject_source: 'userinfo.resource.uuid',
  api_base_urls: ['https://api.gusto.com/v1'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-gusto-api-version'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
