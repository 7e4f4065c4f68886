/** Airtable: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const airtable = (): DescriptorInput => ({
  id: 'airtable',
  display_name: 'Airtable',
  docs_url: 'https://airtable.com/developers/web/api/oauth-reference',
  auth_type: 'oauth2',
  authorization_url: 'https://airtable.com/oauth2/v1/authorize',
  token_url: 'https://airtable.com/oauth2/v1/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.airtable.com/v0/meta/whoami',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.airtable.com/v0'],
  default_scopes_example: ['data.records:read', 'schema.bases:read'],
  scope_aliases: {
    'records.read': 'data.records:read',
    'records.write': 'data.records:write',
    'schema.read': 'schema.bases:read',
    'schema.write': 'schema.bases:write',
  },
  pkce: 'required',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 5184000,
  refresh_reuse_grace_s: 0,
  token_header: 'Authorization: Bearer {access_token}',
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'expired, used, revoked, user removed',
      recovery: 'reread_latest_token_then_reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'Basic credentials wrong; sending a secret for a public client also fails',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'https://support.airtable.com/docs/troubleshooting-oauth-integrations-in-airtable',
    'https://nango.dev/blog/airtable-oauth-refresh-token-invalid-grant',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token_ttl_s',
    'terminal_refresh_errors[2]',
    'subject_source',
    'subject_label_source',
    'scope_aliases',
  ],
  confidence: 'medium',
});
