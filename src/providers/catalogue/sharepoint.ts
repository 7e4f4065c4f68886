/** SharePoint Online: Microsoft (Entra ID v2 / Graph) with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { microsoft } from './microsoft.ts';

export const sharepoint = (): DescriptorInput => ({
  ...microsoft(),
  id: 'sharepoint',
  display_name: 'SharePoint Online',
  api_base_urls: ['https://graph.microsoft.com/v1.0', 'https://{sharepoint_tenant}.sharepoint.com'],
  default_scopes_example: ['offline_access', 'openid', 'profile', 'User.Read', 'Sites.Read.All'],
  scope_aliases: { write: ['Sites.ReadWrite.All'], read: 'Sites.Read.All', readwrite: 'Sites.ReadWrite.All' },
  url_template_vars: {
    tenant: {
      name: 'tenant',
      required: false,
      pattern:
        '^(common|organizations|consumers|[0-9a-fA-F-]{36}|[a-zA-Z0-9.-]+\\.onmicrosoft\\.com|[a-zA-Z0-9.-]+)$',
      default: 'common',
      source: 'connect-time config; after connect store tid from id_token',
    },
    sharepoint_tenant: {
      name: 'sharepoint_tenant',
      required: false,
      pattern: '^[a-z0-9-]+$',
      source: 'GET /v1.0/sites/root webUrl after connect',
      stage: 'account',
    },
  },
  preset_of: 'microsoft',
  unverified_fields: [
    'terminal_refresh_errors[3,4,10,11,12]',
    'transient_refresh_errors[0,1]',
    'subject_label_source',
    'scope_aliases',
  ],
});
