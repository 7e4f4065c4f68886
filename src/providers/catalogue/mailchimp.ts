/** Mailchimp: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const mailchimp = (): DescriptorInput => ({
  id: 'mailchimp',
  display_name: 'Mailchimp',
  docs_url: 'https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/',
  auth_type: 'oauth2',
  authorization_url: 'https://login.mailchimp.com/oauth2/authorize',
  token_url: 'https://login.mailchimp.com/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://login.mailchimp.com/oauth2/metadata',
  subject_source: 'userinfo.user_id',
  subject_label_source: 'userinfo.accountname',
  api_base_urls: ['https://{dc}.api.mailchimp.com/3.0'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  expires_in_zero: 'never',
  refresh_token: 'none',
  url_template_vars: {
    dc: {
      name: 'dc',
      required: true,
      pattern: '^[a-z]+[0-9]+$',
      source: 'GET oauth2/metadata dc',
      stage: 'account',
      from: 'userinfo.dc',
    },
  },
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'https://github.com/simov/grant/blob/HEAD/config/oauth.json',
    'https://github.com/requests/requests-oauthlib/pull/169',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango + authjs',
  unverified_fields: ['revocation_reach'],
  confidence: 'medium',
});
