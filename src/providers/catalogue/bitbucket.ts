/** Bitbucket Cloud: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const bitbucket = (): DescriptorInput => ({
  id: 'bitbucket',
  display_name: 'Bitbucket Cloud',
  docs_url: 'https://support.atlassian.com/bitbucket-cloud/docs/use-oauth-on-bitbucket-cloud/',
  auth_type: 'oauth2',
  authorization_url: 'https://bitbucket.org/site/oauth2/authorize',
  token_url: 'https://bitbucket.org/site/oauth2/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.bitbucket.org/2.0/user',
  subject_source: 'userinfo.account_id',
  subject_label_source: 'userinfo.display_name',
  api_base_urls: ['https://api.bitbucket.org/2.0'],
  default_scopes_example: ['account', 'repository'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 7200,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/nextauthjs/next-auth/blob/HEAD/packages/core/src/providers',
    'general knowledge',
    'https://github.com/nextauthjs/next-auth/blob/a1a16a5a/packages/core/src/providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['refresh_token'],
  confidence: 'medium',
});
