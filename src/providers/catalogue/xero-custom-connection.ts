/** Xero (custom connection): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const xeroCustomConnection = (): DescriptorInput => ({
  id: 'xero-custom-connection',
  display_name: 'Xero (custom connection)',
  docs_url: 'https://developer.xero.com/documentation/guides/oauth2/custom-connections',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://identity.xero.com/connect/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.xero.com/connections',
  subject_source: 'userinfo[0].tenantId',
  subject_label_source: 'userinfo[0].tenantName',
  api_base_urls: ['https://api.xero.com/api.xro/2.0'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  extra_token_params: { grant_type: 'client_credentials' },
  access_token_ttl_s: 1800,
  access_token_never_expires: false,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['xero-tenant-id'],
  preset_of: 'xero',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  confidence: 'high',
});
