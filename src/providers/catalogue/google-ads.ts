/** Google Ads: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google } from './google.ts';

export const googleAds = (): DescriptorInput => ({
  ...google(),
  id: 'google-ads',
  display_name: 'Google Ads',
  api_base_urls: ['https://googleads.googleapis.com'],
  api_request_headers: ['developer-token', 'login-customer-id', 'linked-customer-id'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/adwords'],
  scope_aliases: {
    write: 'https://www.googleapis.com/auth/adwords',
    full: 'https://www.googleapis.com/auth/adwords',
  },
  scope_families: { write: ['https://www.googleapis.com/auth/adwords'] },
  preset_of: 'google',
  source: [
    'https://developers.google.com/identity/protocols/oauth2',
    'https://developers.google.com/identity/protocols/oauth2/web-server',
    'https://support.google.com/a/answer/9368756',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
  ],
  unverified_fields: [],
});
