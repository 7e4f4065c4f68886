/** Stripe (secret / restricted API key): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const stripeApiKey = (): DescriptorInput => ({
  id: 'stripe-api-key',
  display_name: 'Stripe (secret / restricted API key)',
  docs_url: 'https://docs.stripe.com/keys',
  auth_type: 'api_key',
  revocation_reach: 'none',
  userinfo_url: 'https://api.stripe.com/v1/account',
  subject_source: 'userinfo.id',
  subject_label_source: 'userinfo.business_profile.name | userinfo.email',
  api_base_urls: ['https://api.stripe.com/v1'],
  pkce: 'unsupported',
  access_token_never_expires: true,
  token_header: 'Authorization: Bearer {api_key}',
  api_request_headers: ['stripe-version', 'stripe-account', 'stripe-context'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango',
  unverified_fields: ['subject_source', 'subject_label_source'],
  confidence: 'high',
});
