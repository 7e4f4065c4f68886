/** Contentful: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const contentful = (): DescriptorInput => ({
  id: 'contentful',
  display_name: 'Contentful',
  docs_url: 'https://www.contentful.com/developers/docs/extensibility/oauth/',
  auth_type: 'oauth2',
  authorization_url: 'https://be.contentful.com/oauth/authorize',
  token_url: 'https://be.contentful.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.contentful.com/users/me',
  subject_source: 'userinfo.sys.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.contentful.com'],
  default_scopes_example: ['content_management_read'],
  token_endpoint_auth_method: 'client_secret_post',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['x-contentful-version', 'x-contentful-content-type'],
  source: [
    'https://www.contentful.com/developers/docs/extensibility/oauth/',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official docs for endpoints and scopes, as others read them',
  unverified_fields: [
    'access_token_ttl_s',
    'refresh_token',
    'refresh_token_ttl_s',
    'revocation_reach',
    'subject_source',
    'subject_label_source',
  ],
  confidence: 'medium',
});
