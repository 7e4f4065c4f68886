/** DocuSign (demo, JWT grant): the same at the demo's address. */

import type { DescriptorInput } from '../descriptor.ts';
import { docusignJwt } from './docusign-jwt.ts';

export const docusignDemoJwt = (): DescriptorInput => ({
  ...docusignJwt(),
  id: 'docusign-demo-jwt',
  display_name: 'DocuSign (demo, JWT grant)',
  token_url: 'https://account-d.docusign.com/oauth/token',
  userinfo_url: 'https://account-d.docusign.com/oauth/userinfo',
  assertion: {
    claims: { iss: '{client_id}', sub: '{subject}', aud: 'account-d.docusign.com', scope: '{scope}' },
    lifetime_s: 3600,
    jti: false,
  },
});
