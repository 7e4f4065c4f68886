/** Shopify (custom app admin token): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const shopifyAdminToken = (): DescriptorInput => ({
  id: 'shopify-admin-token',
  display_name: 'Shopify (custom app admin token)',
  docs_url:
    'https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/generate-app-access-tokens-admin',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://{shop}/admin/api/2026-01/shop.json',
  subject_source: 'userinfo.shop.id',
  subject_label_source: 'userinfo.shop.name',
  api_base_urls: ['https://{shop}/admin/api/2026-01'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  url_template_vars: {
    shop: {
      name: 'shop',
      required: true,
      pattern: '^[a-z0-9][a-z0-9-]*\\.myshopify\\.com$',
      source: 'user input or callback query shop (verify hmac)',
    },
  },
  token_header: 'X-Shopify-Access-Token: {api_key}',
  preset_of: 'shopify',
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
