/** Google BigQuery: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleBigquery = (): DescriptorInput => ({
  ...google(),
  id: 'google-bigquery',
  display_name: 'Google BigQuery',
  api_base_urls: ['https://bigquery.googleapis.com/bigquery/v2'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/bigquery'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/bigquery.readonly',
    write: 'https://www.googleapis.com/auth/bigquery',
    readonly: 'https://www.googleapis.com/auth/bigquery.readonly',
    insertdata: 'https://www.googleapis.com/auth/bigquery.insertdata',
    full: 'https://www.googleapis.com/auth/bigquery',
  },
  scope_families: googleFamilies('bigquery'),
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
