/** Outlook Mail: Microsoft (Entra ID v2 / Graph) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { microsoft } from './microsoft.ts';

export const outlook = (): DescriptorInput => ({
  ...microsoft(),
  id: 'outlook',
  display_name: 'Outlook Mail',
  default_scopes_example: ['offline_access', 'openid', 'profile', 'User.Read', 'Mail.Read', 'Mail.Send'],
  scope_aliases: {
    write: ['Mail.ReadWrite', 'Mail.Send'],
    read: 'Mail.Read',
    readwrite: 'Mail.ReadWrite',
    send: 'Mail.Send',
  },
  preset_of: 'microsoft',
  unverified_fields: [
    'terminal_refresh_errors[3,4,10,11,12]',
    'transient_refresh_errors[0,1]',
    'subject_label_source',
    'scope_aliases',
  ],
});
