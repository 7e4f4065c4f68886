/** Eventbrite: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const eventbrite = (): DescriptorInput => ({
  id: 'eventbrite',
  display_name: 'Eventbrite',
  docs_url: 'https://www.eventbrite.com/platform/api#/introduction/authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://www.eventbrite.com/oauth/authorize',
  token_url: 'https://www.eventbrite.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://www.eventbriteapi.com/v3/users/me/',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://www.eventbriteapi.com/v3'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango + authjs',
  unverified_fields: ['revocation_reach'],
  confidence: 'medium',
});
