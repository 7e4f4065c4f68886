/** Salesforce Sandbox: Salesforce with its own scopes and addresses. */

import type { DescriptorInput } from '../descriptor.ts';
import { salesforce } from './salesforce.ts';

export const salesforceSandbox = (): DescriptorInput => ({
  ...salesforce(),
  id: 'salesforce-sandbox',
  display_name: 'Salesforce Sandbox',
  authorization_url: 'https://test.salesforce.com/services/oauth2/authorize',
  token_url: 'https://test.salesforce.com/services/oauth2/token',
  revocation_url: 'https://test.salesforce.com/services/oauth2/revoke',
  userinfo_url: 'https://test.salesforce.com/services/oauth2/userinfo',
  url_template_vars: {
    instance_url: {
      name: 'instance_url',
      required: true,
      pattern: '^https://[a-z0-9.-]+\\.(salesforce\\.com|force\\.com|cloudforce\\.com)$',
      source: 'token response field instance_url',
      stage: 'account',
      from: 'token_response.instance_url',
    },
  },
  preset_of: 'salesforce',
  source: [
    'https://help.salesforce.com/s/articleView?id=005316711',
    'https://help.salesforce.com/s/articleView?id=xcloud.connected_app_limit_idle_ttl.htm',
    'https://help.salesforce.com/apex/HTViewHelpDoc?id=remoteaccess_oauth_refresh_token_flow.htm',
    'https://www.nango.dev/blog/salesforce-oauth-refresh-token-invalid-grant',
    'https://www.useparagon.com/integration-error-solutions/salesforce-invalid-grant-expired-access-refresh-token',
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_revoke_token.htm',
  ],
});
