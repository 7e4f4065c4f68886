/** Google Analytics: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleAnalytics = (): DescriptorInput => ({
  ...google(),
  id: 'google-analytics',
  display_name: 'Google Analytics',
  api_base_urls: [
    'https://analyticsdata.googleapis.com/v1beta',
    'https://analyticsadmin.googleapis.com/v1beta',
  ],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/analytics.readonly'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/analytics.readonly',
    write: 'https://www.googleapis.com/auth/analytics.edit',
    readonly: 'https://www.googleapis.com/auth/analytics.readonly',
    edit: 'https://www.googleapis.com/auth/analytics.edit',
    full: 'https://www.googleapis.com/auth/analytics',
  },
  scope_families: googleFamilies('analytics'),
  preset_of: 'google',
  source: [
    'https://developers.google.com/identity/protocols/oauth2',
    'https://developers.google.com/identity/protocols/oauth2/web-server',
    'https://support.google.com/a/answer/9368756',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://github.com/pilcrowonpaper/arctic/blob/cfdd6ac/src/providers',
  ],
  unverified_fields: ['scope_aliases'],
});
