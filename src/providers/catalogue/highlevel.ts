/** HighLevel (GoHighLevel): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const highlevel = (): DescriptorInput => ({
  id: 'highlevel',
  display_name: 'HighLevel (GoHighLevel)',
  docs_url: 'https://marketplace.gohighlevel.com/docs/Authorization/OAuth2.0',
  auth_type: 'oauth2',
  authorization_url: 'https://marketplace.gohighlevel.com/oauth/chooselocation',
  token_url: 'https://services.leadconnectorhq.com/oauth/token',
  revocation_reach: 'none',
  subject_source: 'token_response.locationId | token_response.companyId',
  api_base_urls: ['https://services.leadconnectorhq.com'],
  default_scopes_example: ['contacts.readonly'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86399,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 31536000,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['version'],
  capture_from_token_response: ['locationId', 'companyId', 'userType', 'userId'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
