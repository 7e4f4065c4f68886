/** SurveyMonkey: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const surveyMonkey = (): DescriptorInput => ({
  id: 'survey-monkey',
  display_name: 'SurveyMonkey',
  docs_url: 'https://api.surveymonkey.com/v3/docs#authentication',
  auth_type: 'oauth2',
  authorization_url: 'https://api.surveymonkey.com/oauth/authorize',
  token_url: 'https://api.surveymonkey.com/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.surveymonkey.com/v3/users/me',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.email',
  api_base_urls: ['https://api.surveymonkey.com/v3'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  capture_from_token_response: ['access_url'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
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
