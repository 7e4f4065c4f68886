/** Stripe Connect (OAuth): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const stripeConnect = (): DescriptorInput => ({
  id: 'stripe-connect',
  display_name: 'Stripe Connect (OAuth)',
  docs_url: 'https://docs.stripe.com/connect/oauth-reference',
  auth_type: 'oauth2',
  authorization_url: 'https://connect.stripe.com/oauth/authorize',
  token_url: 'https://connect.stripe.com/oauth/token',
  revocation_url: 'https://connect.stripe.com/oauth/deauthorize',
  revocation_reach: 'grant',
  userinfo_url: 'https://api.stripe.com/v1/account',
  subject_source: 'token_response.stripe_user_id',
  subject_label_source: 'userinfo.business_profile.name | userinfo.email',
  api_base_urls: ['https://api.stripe.com/v1'],
  default_scopes_example: ['read_write'],
  token_endpoint_auth_method: 'client_secret_post',
  access_token_never_expires: true,
  refresh_token: 'static',
  refresh_scope_downscoping: 'supported',
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['stripe-version', 'stripe-account', 'stripe-context'],
  capture_from_token_response: ['stripe_user_id', 'livemode', 'stripe_publishable_key'],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      means: 'refresh token/code expired, used or not yours',
      recovery: 'reauthorize_user',
    },
    {
      status: 401,
      error: 'invalid_client',
      means: 'wrong client_id/secret key',
      recovery: 'fix_client_credentials',
    },
  ],
  source: [
    'Stripe OAuthToken type docs',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
  ],
  evidence: 'official type docs + nango',
  unverified_fields: ['subject_label_source'],
  confidence: 'high',
});
