/** Databricks (service principal): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const databricksM2m = (): DescriptorInput => ({
  id: 'databricks-m2m',
  display_name: 'Databricks (service principal)',
  docs_url: 'https://docs.databricks.com/en/dev-tools/auth/oauth-m2m.html',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://{workspace_host}/oidc/v1/token',
  revocation_reach: 'none',
  userinfo_url: 'https://{workspace_host}/api/2.0/preview/scim/v2/Me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.displayName',
  api_base_urls: ['https://{workspace_host}/api/2.0'],
  default_scopes_example: ['all-apis'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  extra_token_params: { grant_type: 'client_credentials', scope: 'all-apis' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    workspace_host: {
      name: 'workspace_host',
      required: true,
      pattern:
        '^[a-z0-9-]+(\\.[a-z0-9-]+)*\\.(cloud\\.databricks\\.com|azuredatabricks\\.net|gcp\\.databricks\\.com)$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  preset_of: 'databricks',
  source: ['https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml'],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
