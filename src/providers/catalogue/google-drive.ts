/** Google Drive: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleDrive = (): DescriptorInput => ({
  ...google(),
  id: 'google-drive',
  display_name: 'Google Drive',
  userinfo_url: 'https://www.googleapis.com/drive/v3/about?fields=user',
  api_base_urls: ['https://www.googleapis.com/drive/v3', 'https://www.googleapis.com/upload/drive/v3'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/drive.file'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/drive.readonly',
    write: 'https://www.googleapis.com/auth/drive.file',
    file: 'https://www.googleapis.com/auth/drive.file',
    readonly: 'https://www.googleapis.com/auth/drive.readonly',
    metadata: 'https://www.googleapis.com/auth/drive.metadata',
    'metadata.readonly': 'https://www.googleapis.com/auth/drive.metadata.readonly',
    appdata: 'https://www.googleapis.com/auth/drive.appdata',
    full: 'https://www.googleapis.com/auth/drive',
  },
  scope_families: googleFamilies('drive'),
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
