/** Google Calendar: Google with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { google, googleFamilies } from './google.ts';

export const googleCalendar = (): DescriptorInput => ({
  ...google(),
  id: 'google-calendar',
  display_name: 'Google Calendar',
  userinfo_url: 'https://www.googleapis.com/calendar/v3/users/me/calendarList/primary',
  api_base_urls: ['https://www.googleapis.com/calendar/v3'],
  default_scopes_example: ['openid', 'email', 'https://www.googleapis.com/auth/calendar.readonly'],
  scope_aliases: {
    read: 'https://www.googleapis.com/auth/calendar.readonly',
    write: 'https://www.googleapis.com/auth/calendar.events',
    readonly: 'https://www.googleapis.com/auth/calendar.readonly',
    events: 'https://www.googleapis.com/auth/calendar.events',
    'events.readonly': 'https://www.googleapis.com/auth/calendar.events.readonly',
    'settings.readonly': 'https://www.googleapis.com/auth/calendar.settings.readonly',
    freebusy: 'https://www.googleapis.com/auth/calendar.freebusy',
    full: 'https://www.googleapis.com/auth/calendar',
  },
  scope_families: googleFamilies('calendar'),
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
