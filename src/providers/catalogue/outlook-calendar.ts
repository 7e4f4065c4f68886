/** Outlook Calendar: Microsoft (Entra ID v2 / Graph) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { microsoft } from './microsoft.ts';

export const outlookCalendar = (): DescriptorInput => ({
  ...microsoft(),
  id: 'outlook-calendar',
  display_name: 'Outlook Calendar',
  default_scopes_example: ['offline_access', 'openid', 'profile', 'User.Read', 'Calendars.ReadWrite'],
  scope_aliases: { write: ['Calendars.ReadWrite'], read: 'Calendars.Read', readwrite: 'Calendars.ReadWrite' },
  preset_of: 'microsoft',
  unverified_fields: [
    'terminal_refresh_errors[3,4,10,11,12]',
    'transient_refresh_errors[0,1]',
    'subject_label_source',
    'scope_aliases',
  ],
});
