/** BigCommerce: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const bigcommerce = (): DescriptorInput => ({
  id: 'bigcommerce',
  display_name: 'BigCommerce',
  docs_url: 'https://developer.bigcommerce.com/docs/integrations/apps/guide/auth',
  auth_type: 'oauth2',
  authorization_url: 'https://login.bigcommerce.com/oauth2/authorize',
  token_url: 'https://login.bigcommerce.com/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.bigcommerce.com/stores/{store_hash}/v2/store',
  subject_source: 'token_response.context',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://api.bigcommerce.com/stores/{store_hash}'],
  default_scopes_example: ['store_v2_information'],
  token_endpoint_auth_method: 'client_secret_post',
  extra_token_params: { context: 'stores/{store_hash}' },
  access_token_never_expires: true,
  refresh_token: 'none',
  url_template_vars: {
    store_hash: {
      name: 'store_hash',
      required: true,
      pattern: '^[a-z0-9]+$',
      source: 'context of the callback and of the token answer: stores/{store_hash}',
      stage: 'account',
      from: 'token_response.context | callback.context',
      extract: '^stores/([a-z0-9]+)$',
    },
  },
  token_header: 'X-Auth-Token: {access_token}',
  capture_from_callback: ['context'],
  capture_from_token_response: ['context', 'user'],
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
    'subject_label_source',
  ],
  confidence: 'medium',
});
