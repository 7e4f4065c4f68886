/** Microsoft Excel (Graph): Microsoft (Entra ID v2 / Graph) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { microsoft } from './microsoft.ts';

export const microsoftExcel = (): DescriptorInput => ({
  ...microsoft(),
  id: 'microsoft-excel',
  display_name: 'Microsoft Excel (Graph)',
  default_scopes_example: ['offline_access', 'openid', 'profile', 'User.Read', 'Files.ReadWrite'],
  scope_aliases: { write: ['Files.ReadWrite'], read: 'Files.Read', readwrite: 'Files.ReadWrite' },
  preset_of: 'microsoft',
  unverified_fields: [
    'terminal_refresh_errors[3,4,10,11,12]',
    'transient_refresh_errors[0,1]',
    'subject_label_source',
    'scope_aliases',
  ],
});
