/** Trello: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const trello = (): DescriptorInput => ({
  id: 'trello',
  display_name: 'Trello',
  docs_url: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/authorization/',
  auth_type: 'oauth1',
  request_token_url: 'https://trello.com/1/OAuthGetRequestToken',
  authorization_url: 'https://trello.com/1/OAuthAuthorizeToken',
  token_url: 'https://trello.com/1/OAuthGetAccessToken',
  revocation_reach: 'token',
  userinfo_url: 'https://api.trello.com/1/members/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.username',
  api_base_urls: ['https://api.trello.com/1'],
  default_scopes_example: ['read', 'write'],
  scope_separator: ',',
  pkce: 'unsupported',
  extra_authorization_params: { expiration: 'never', name: '{app_name}' },
  refresh_token: 'none',
  signer: 'oauth1_hmac_sha1',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/simov/grant/blob/HEAD/config/oauth.json',
    'general knowledge',
  ],
  evidence: 'nango',
  unverified_fields: ['revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
