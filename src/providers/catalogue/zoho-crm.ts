/** Zoho CRM: Zoho with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { zoho } from './zoho.ts';

export const zohoCrm = (): DescriptorInput => ({
  ...zoho(),
  id: 'zoho-crm',
  display_name: 'Zoho CRM',
  docs_url: 'https://www.zoho.com/crm/developer/docs/api/v8/oauth-overview.html',
  userinfo_url: '{api_domain}/crm/v8/users?type=CurrentUser',
  subject_source: 'userinfo.users[0].id',
  subject_label_source: 'userinfo.users[0].email',
  api_base_urls: ['{api_domain}/crm/v8'],
  default_scopes_example: ['ZohoCRM.modules.ALL', 'ZohoCRM.users.READ'],
  preset_of: 'zoho',
  source: [
    'https://zoho.com/developer/docs/vertical-solutions/api/v6/token-validity.html',
    'https://www.zoho.com/pdfeditor/help/api/oauth-step4.html',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://zoho.com/accounts/protocol/oauth/revoke-refresh-token.html',
  ],
  unverified_fields: ['subject_source', 'subject_label_source'],
});
