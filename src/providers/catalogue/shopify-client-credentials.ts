/** Shopify (client credentials, own org): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const shopifyClientCredentials = (): DescriptorInput => ({
  id: 'shopify-client-credentials',
  display_name: 'Shopify (client credentials, own org)',
  docs_url:
    'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://{shop}/admin/oauth/access_token',
  revocation_reach: 'none',
  userinfo_url: 'https://{shop}/admin/api/2026-01/shop.json',
  subject_source: 'userinfo.shop.id',
  subject_label_source: 'userinfo.shop.name',
  api_base_urls: ['https://{shop}/admin/api/2026-01'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_token_params: { grant_type: 'client_credentials' },
  access_token_ttl_s: 86399,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    shop: {
      name: 'shop',
      required: true,
      pattern: '^[a-z0-9][a-z0-9-]*\\.myshopify\\.com$',
      source: 'user input or callback query shop (verify hmac)',
    },
  },
  token_header: 'X-Shopify-Access-Token: {access_token}',
  preset_of: 'shopify',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango + background',
  unverified_fields: ['access_token_ttl_s', 'subject_source', 'subject_label_source'],
  confidence: 'medium',
});
