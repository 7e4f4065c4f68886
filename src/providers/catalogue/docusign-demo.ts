/** DocuSign (demo): DocuSign with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { docusign } from './docusign.ts';

export const docusignDemo = (): DescriptorInput => ({
  ...docusign(),
  id: 'docusign-demo',
  display_name: 'DocuSign (demo)',
  authorization_url: 'https://account-d.docusign.com/oauth/auth',
  token_url: 'https://account-d.docusign.com/oauth/token',
  userinfo_url: 'https://account-d.docusign.com/oauth/userinfo',
  preset_of: 'docusign',
  unverified_fields: ['revocation_reach', 'subject_label_source'],
});
