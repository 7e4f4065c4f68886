/** Figma: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const figma = (): DescriptorInput => ({
  id: 'figma',
  display_name: 'Figma',
  docs_url: 'https://developers.figma.com/docs/rest-api/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://www.figma.com/oauth',
  token_url: 'https://api.figma.com/v1/oauth/token',
  refresh_url: 'https://api.figma.com/v1/oauth/refresh',
  revocation_reach: 'none',
  userinfo_url: 'https://api.figma.com/v1/me',
  subject_source: 'token_response.user_id_string',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.figma.com/v1'],
  default_scopes_example: ['current_user:read', 'file_content:read'],
  scope_separator: ',',
  scope_aliases: { 'profile.read': 'current_user:read', 'files.read': 'file_content:read' },
  pkce: 'supported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 7776000,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['user_id_string'],
  api_signals: [
    { status: 403, field: 'err', equals: 'Token expired', means: 'expired' },
    { status: 403, field: 'err', equals: 'Invalid token', means: 'invalid' },
  ],
  source: [
    'https://arctic.pages.dev/providers/figma',
    'https://community.auth0.com/t/figma-tokenurl-migration/182728',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango + arctic docs',
  unverified_fields: ['access_token_ttl_s', 'pkce', 'revocation_reach'],
  confidence: 'medium',
});
