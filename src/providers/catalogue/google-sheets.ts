/** Google Sheets: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleSheets = (): DescriptorInput => ({
  ...google(),
  id: 'google-sheets',
  display_name: 'Google Sheets',
  api_base_urls: ['https://sheets.googleapis.com/v4'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/spreadsheets'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/spreadsheets.readonly',
    write: 'https://www.googleapis.com/auth/spreadsheets',
    readonly: 'https://www.googleapis.com/auth/spreadsheets.readonly',
    full: 'https://www.googleapis.com/auth/spreadsheets',
  },
  scope_families: googleFamilies('spreadsheets'),
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
