/** Salesforce (JWT bearer): facts as data. The user of `sub` has to be approved for the connected app beforehand. */

import type { DescriptorInput } from '../descriptor.ts';
import { salesforce } from './salesforce.ts';

export const salesforceJwt = (): DescriptorInput => {
  const { scope_aliases: _aliases, offline_scopes: _offline, ...facts } = salesforce();
  return {
    ...facts,
    id: 'salesforce-jwt',
    display_name: 'Salesforce (JWT bearer)',
    docs_url: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm',
    auth_type: 'jwt_bearer',
    authorization_url: null,
    token_url: 'https://login.salesforce.com/services/oauth2/token',
    revocation_url: 'https://login.salesforce.com/services/oauth2/revoke',
    userinfo_url: 'https://login.salesforce.com/services/oauth2/userinfo',
    // What the connected app allows is granted; the request names nothing.
    default_scopes_example: [],
    pkce: 'unsupported',
    token_endpoint_auth_method: 'none',
    refresh_token: 'none',
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
    assertion: {
      claims: { iss: '{client_id}', sub: '{subject}', aud: 'https://login.salesforce.com' },
      lifetime_s: 180,
    },
    credential_fields: [
      { name: 'client_id', label: 'consumer key, where it is not the client of the connection' },
      { name: 'private_key', label: 'private key (PEM)' },
    ],
    preset_of: 'salesforce',
    source: [
      ...(facts.source ?? []),
      'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm',
    ],
  };
};
