/** Amazon Selling Partner API: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const amazonSellingPartner = (): DescriptorInput => ({
  id: 'amazon-selling-partner',
  display_name: 'Amazon Selling Partner API',
  docs_url: 'https://developer-docs.amazon.com/sp-api/docs/authorizing-selling-partner-api-applications',
  auth_type: 'oauth2',
  authorization_url: 'https://{seller_central}/apps/authorize/consent',
  token_url: 'https://api.amazon.com/auth/o2/token',
  revocation_reach: 'none',
  api_base_urls: [
    'https://sellingpartnerapi-na.amazon.com',
    'https://sellingpartnerapi-eu.amazon.com',
    'https://sellingpartnerapi-fe.amazon.com',
  ],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { application_id: '{application_id}' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 31536000,
  url_template_vars: {
    seller_central: {
      name: 'seller_central',
      required: true,
      pattern:
        '^(sellercentral|sellercentral-europe|sellercentral-japan)\\.amazon\\.(com|ca|com\\.mx|com\\.br|co\\.uk|de|fr|it|es|nl|se|pl|ie|com\\.be|com\\.tr|ae|sa|eg|in|sg|com\\.au|co\\.jp|co\\.za)$',
      source: 'user input',
    },
    application_id: {
      name: 'application_id',
      required: true,
      pattern: '^amzn1\\.sp\\.solution\\.[a-z0-9-]+$',
      source: 'app config',
    },
  },
  token_header: 'x-amz-access-token: {access_token}',
  // The token endpoint takes it as `code`.
  callback_code_param: 'spapi_oauth_code',
  capture_from_callback: ['selling_partner_id'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'medium',
});
