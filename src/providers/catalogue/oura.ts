/** Oura: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const oura = (): DescriptorInput => ({
  id: 'oura',
  display_name: 'Oura',
  docs_url: 'https://cloud.ouraring.com/docs/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://cloud.ouraring.com/oauth/authorize',
  token_url: 'https://api.ouraring.com/oauth/token',
  revocation_url: 'https://api.ouraring.com/oauth/revoke',
  userinfo_url: 'https://api.ouraring.com/v2/usercollection/personal_info',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.ouraring.com/v2'],
  default_scopes_example: ['personal', 'daily'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_ttl_s: 86400,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://cloud.ouraring.com/docs/authentication',
    'https://hexdocs.pm/ex_oura/ExOura.OAuth2.md',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs for the endpoints',
  unverified_fields: [
    'refresh_token',
    'refresh_token_ttl_s',
    'subject_source',
    'subject_label_source',
    'revocation_url',
  ],
  confidence: 'medium',
});
