/** Twilio (OAuth app, client credentials): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const twilioOauth = (): DescriptorInput => ({
  id: 'twilio-oauth',
  display_name: 'Twilio (OAuth app, client credentials)',
  docs_url: 'https://www.twilio.com/docs/iam/oauth-apps',
  auth_type: 'oauth2_client_credentials',
  token_url: 'https://oauth.twilio.com/v2/token',
  revocation_reach: 'none',
  api_base_urls: ['https://api.twilio.com/2010-04-01'],
  pkce: 'unsupported',
  token_endpoint_auth_method: 'client_secret_post',
  extra_token_params: { grant_type: 'client_credentials' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  token_header: 'Authorization: Bearer {access_token}',
  preset_of: 'twilio',
  source: ['https://www.twilio.com/docs/iam/oauth-apps/faqs', 'general knowledge'],
  evidence: 'official FAQ; token url from background',
  unverified_fields: ['token_url'],
  confidence: 'medium',
});
