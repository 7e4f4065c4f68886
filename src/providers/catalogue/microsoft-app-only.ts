/** Microsoft (client credentials): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const microsoftAppOnly = (): DescriptorInput => ({
  id: 'microsoft-app-only',
  display_name: 'Microsoft (client credentials)',
  docs_url: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token',
  revocation_reach: 'none',
  userinfo_url: 'https://graph.microsoft.com/v1.0/organization',
  subject_source: 'userinfo.value[0].id',
  subject_label_source: 'userinfo.value[0].displayName',
  api_base_urls: ['https://graph.microsoft.com/v1.0'],
  default_scopes_example: ['https://graph.microsoft.com/.default'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_token_params: { grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    tenant: {
      name: 'tenant',
      required: true,
      // No user names a tenant here, so that the words for any of them (`common`) are refused.
      pattern: '^([0-9a-fA-F-]{36}|[a-zA-Z0-9-]+(\\.[a-zA-Z0-9-]+)+)$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  preset_of: 'microsoft',
  terminal_refresh_errors: [
    {
      status: 401,
      error: 'invalid_client',
      means: 'AADSTS7000215/7000222 secret wrong/expired',
      recovery: 'fix_client_credentials',
    },
    {
      status: 400,
      error: 'unauthorized_client',
      means: 'AADSTS700016 app not in tenant',
      recovery: 'contact_tenant_admin',
    },
    { status: 400, error: 'invalid_request', means: 'AADSTS90002 tenant not found', recovery: 'fix_request' },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'MicrosoftDocs/entra-docs',
  ],
  evidence: 'nango + official',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
