/** TikTok for Business (Marketing API): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const tiktokAds = (): DescriptorInput => ({
  id: 'tiktok-ads',
  display_name: 'TikTok for Business (Marketing API)',
  docs_url: 'https://business-api.tiktok.com/portal/docs?id=1738373164380162',
  auth_type: 'oauth2',
  authorization_url: 'https://business-api.tiktok.com/portal/auth',
  token_url: 'https://business-api.tiktok.com/open_api/v1.3/oauth2/access_token/',
  revocation_reach: 'none',
  userinfo_url: 'https://business-api.tiktok.com/open_api/v1.3/user/info/',
  subject_source: 'userinfo.data.core_user_id',
  subject_label_source: 'userinfo.data.display_name',
  api_base_urls: ['https://business-api.tiktok.com/open_api/v1.3'],
  token_endpoint_auth_method: 'json_body',
  token_request_format: 'json',
  access_token_never_expires: true,
  refresh_token: 'none',
  token_header: 'Access-Token: {access_token}',
  api_dead_token_signals_with_200: [{ field: 'code', equals: 40105, means: 'revoked' }],
  client_id_param: 'app_id',
  code_param: 'auth_code',
  token_response_map: {
    access_token: 'data.access_token',
    refresh_token: null,
    expires_in: null,
    scope: 'data.scope',
  },
  token_response_success_check: { path: 'code', equals: 0 },
  errors_with_http_200: true,
  capture_from_token_response: ['data.advertiser_ids'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://www.volcengine.com/article/1422075',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['revocation_reach', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
