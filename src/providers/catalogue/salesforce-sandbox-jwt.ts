/** Salesforce Sandbox (JWT bearer): the same at the sandboxes' address. */

import type { DescriptorInput } from '../descriptor.ts';
import { salesforceJwt } from './salesforce-jwt.ts';

export const salesforceSandboxJwt = (): DescriptorInput => ({
  ...salesforceJwt(),
  id: 'salesforce-sandbox-jwt',
  display_name: 'Salesforce Sandbox (JWT bearer)',
  token_url: 'https://test.salesforce.com/services/oauth2/token',
  revocation_url: 'https://test.salesforce.com/services/oauth2/revoke',
  userinfo_url: 'https://test.salesforce.com/services/oauth2/userinfo',
  assertion: {
    claims: { iss: '{client_id}', sub: '{subject}', aud: 'https://test.salesforce.com' },
    lifetime_s: 180,
  },
});
