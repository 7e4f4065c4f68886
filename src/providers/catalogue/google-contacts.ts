/** Google Contacts (People API): Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleContacts = (): DescriptorInput => ({
  ...google(),
  id: 'google-contacts',
  display_name: 'Google Contacts (People API)',
  userinfo_url: 'https://people.googleapis.com/v1/people/me?personFields=emailAddresses,names',
  api_base_urls: ['https://people.googleapis.com/v1'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/contacts.readonly'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/contacts.readonly',
    write: 'https://www.googleapis.com/auth/contacts',
    readonly: 'https://www.googleapis.com/auth/contacts.readonly',
    'other.readonly': 'https://www.googleapis.com/auth/contacts.other.readonly',
    full: 'https://www.googleapis.com/auth/contacts',
  },
  scope_families: googleFamilies('contacts'),
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
