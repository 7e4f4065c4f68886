/** Greenhouse Harvest v3 (client credentials): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const greenhouseV3 = (): DescriptorInput => ({
  id: 'greenhouse-v3',
  display_name: 'Greenhouse Harvest v3 (client credentials)',
  docs_url: 'https://harvestdocs.greenhouse.io/',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://auth.greenhouse.io/token',
  revocation_reach: 'none',
  api_base_urls: ['https://harvest.greenhouse.io/v3'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  extra_token_params: { grant_type: 'client_credentials', sub: '{greenhouse_user_id}' },
  token_request_format: 'json',
  refresh_token: 'none',
  url_template_vars: {
    greenhouse_user_id: {
      name: 'greenhouse_user_id',
      required: true,
      pattern: '^[0-9]+$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['on-behalf-of'],
  preset_of: 'greenhouse',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'medium',
});
