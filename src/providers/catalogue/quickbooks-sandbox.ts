/** QuickBooks Online (sandbox): QuickBooks Online with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { quickbooks } from './quickbooks.ts';

export const quickbooksSandbox = (): DescriptorInput => ({
  ...quickbooks(),
  id: 'quickbooks-sandbox',
  display_name: 'QuickBooks Online (sandbox)',
  userinfo_url: 'https://sandbox-quickbooks.api.intuit.com/v3/company/{realmId}/companyinfo/{realmId}',
  api_base_urls: ['https://sandbox-quickbooks.api.intuit.com/v3/company/{realmId}'],
  preset_of: 'quickbooks',
  evidence: 'as quickbooks',
  unverified_fields: ['revocation_reach', 'subject_label_source', 'scope_aliases'],
});
