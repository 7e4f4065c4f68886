/** Supabase Management API: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const supabaseManagement = (): DescriptorInput => ({
  id: 'supabase-management',
  display_name: 'Supabase Management API',
  docs_url: 'https://supabase.com/docs/guides/integrations/build-a-supabase-oauth-integration',
  auth_type: 'oauth2',
  authorization_url: 'https://api.supabase.com/v1/oauth/authorize',
  token_url: 'https://api.supabase.com/v1/oauth/token',
  revocation_url: 'https://api.supabase.com/v1/oauth/revoke',
  userinfo_url: 'https://api.supabase.com/v1/organizations',
  subject_source: 'userinfo[0].id',
  subject_label_source: 'userinfo[0].name',
  api_base_urls: ['https://api.supabase.com/v1'],
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://supabase.com/docs/guides/integrations/build-a-supabase-oauth-integration.md',
    'https://docs.rs/crate/supabase-management-rs/latest/source/src/auth.rs',
  ],
  evidence: 'official docs for the endpoints',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
