/** PayPal (Log in with PayPal): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const paypal = (): DescriptorInput => ({
  id: 'paypal',
  display_name: 'PayPal (Log in with PayPal)',
  docs_url: 'https://developer.paypal.com/docs/log-in-with-paypal/',
  auth_type: 'oauth2',
  authorization_url: 'https://www.paypal.com/signin/authorize',
  token_url: 'https://api-m.paypal.com/v1/oauth2/token',
  revocation_reach: 'none',
  userinfo_url: 'https://api-m.paypal.com/v1/identity/oauth2/userinfo?schema=paypalv1.1',
  subject_source: 'userinfo.user_id',
  subject_label_source: 'userinfo.name',
  api_base_urls: ['https://api-m.paypal.com'],
  default_scopes_example: ['openid', 'email'],
  token_endpoint_auth_method: 'client_secret_basic',
  access_token_ttl_s: 28800,
  access_token_never_expires: false,
  refresh_token: 'static',
  refresh_token_ttl_s: 15552000,
  token_header: 'Authorization: Bearer {access_token}',
  api_request_headers: ['paypal-request-id'],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
    'https://github.com/better-auth/better-auth/blob/451aa4b6/packages/core/src/social-providers',
  ],
  evidence: 'nango endpoints + background lifetimes',
  unverified_fields: ['access_token_ttl_s', 'refresh_token', 'refresh_token_ttl_s', 'revocation_reach'],
  confidence: 'low',
});
