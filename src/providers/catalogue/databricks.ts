/** Databricks (OAuth U2M): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const databricks = (): DescriptorInput => ({
  id: 'databricks',
  display_name: 'Databricks (OAuth U2M)',
  docs_url: 'https://docs.databricks.com/en/dev-tools/auth/oauth-u2m.html',
  auth_type: 'oauth2',
  authorization_url: 'https://{workspace_host}/oidc/v1/authorize',
  token_url: 'https://{workspace_host}/oidc/v1/token',
  revocation_reach: 'none',
  userinfo_url: 'https://{workspace_host}/api/2.0/preview/scim/v2/Me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.userName',
  api_base_urls: ['https://{workspace_host}/api/2.0'],
  default_scopes_example: ['all-apis', 'offline_access'],
  offline_scopes: ['offline_access'],
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
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
  api_signals: [{ status: 403, field: 'message', equals: 'Invalid access token.', means: 'invalid' }],
  source: [
    'https://docs.databricks.com/aws/en/integrations/single-use-tokens',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs; rotation and lifetimes are settings of the app',
  unverified_fields: [
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
