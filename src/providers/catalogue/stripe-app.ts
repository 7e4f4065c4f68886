/** Stripe Apps (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const stripeApp = (): DescriptorInput => ({
  id: 'stripe-app',
  display_name: 'Stripe Apps (OAuth)',
  docs_url: 'https://docs.stripe.com/stripe-apps/api-authentication/oauth',
  auth_type: 'oauth2',
  authorization_url: 'https://marketplace.stripe.com/oauth/v2/authorize',
  token_url: 'https://api.stripe.com/v1/oauth/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api.stripe.com/v1/account',
  subject_source: 'token_response.stripe_user_id',
  subject_label_source: 'userinfo.business_profile.name | userinfo.email',
  api_base_urls: ['https://api.stripe.com/v1'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'rotating',
  refresh_token_ttl_s: 31536000,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['stripe-version', 'stripe-account', 'stripe-context'],
  token_response_map: {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    expires_in: null,
    scope: 'scope',
  },
  capture_from_token_response: ['stripe_user_id', 'livemode', 'stripe_publishable_key'],
  source: [
    'https://docs.stripe.com/stripe-apps/api-authentication/oauth',
    'https://nango.dev/blog/stripe-oauth-refresh-token-invalid-grant',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: [
    'refresh_token_ttl_s',
    'access_token_ttl_s',
    'revocation_reach',
    'subject_label_source',
  ],
  confidence: 'medium',
});
