/** Gmail: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleGmail = (): DescriptorInput => ({
  ...google(),
  id: 'google-gmail',
  display_name: 'Gmail',
  userinfo_url: 'https://gmail.googleapis.com/gmail/v1/users/me/profile',
  api_base_urls: ['https://gmail.googleapis.com/gmail/v1'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/gmail.readonly'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/gmail.readonly',
    write: 'https://www.googleapis.com/auth/gmail.modify',
    readonly: 'https://www.googleapis.com/auth/gmail.readonly',
    send: 'https://www.googleapis.com/auth/gmail.send',
    compose: 'https://www.googleapis.com/auth/gmail.compose',
    modify: 'https://www.googleapis.com/auth/gmail.modify',
    metadata: 'https://www.googleapis.com/auth/gmail.metadata',
    labels: 'https://www.googleapis.com/auth/gmail.labels',
    insert: 'https://www.googleapis.com/auth/gmail.insert',
    'settings.basic': 'https://www.googleapis.com/auth/gmail.settings.basic',
    full: 'https://mail.google.com/',
  },
  scope_families: {
    read: googleFamilies('gmail').read,
    write: [...googleFamilies('gmail').write, 'https://mail.google.com/'],
  },
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
