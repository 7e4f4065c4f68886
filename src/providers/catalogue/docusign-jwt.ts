/** DocuSign (JWT grant): facts as data. The user of `sub` has to consent once, or an administrator for all. */

import type { DescriptorInput } from '../descriptor.ts';
import { docusign } from './docusign.ts';

export const docusignJwt = (): DescriptorInput => {
  const { refresh_token_ttl_s: _ttl, ...facts } = docusign();
  return {
    ...facts,
    id: 'docusign-jwt',
    display_name: 'DocuSign (JWT grant)',
    docs_url: 'https://developers.docusign.com/platform/auth/jwt-get-token/',
    auth_type: 'jwt_bearer',
    authorization_url: null,
    default_scopes_example: ['signature', 'impersonation'],
    pkce: 'unsupported',
    token_endpoint_auth_method: null,
    access_token_ttl_s: 3600,
    refresh_token: 'none',
    assertion: {
      claims: { iss: '{client_id}', sub: '{subject}', aud: 'account.docusign.com', scope: '{scope}' },
      lifetime_s: 3600,
      jti: false,
    },
    credential_fields: [
      { name: 'client_id', label: 'integration key, where it is not the client of the connection' },
      { name: 'private_key', label: 'private key (PEM)' },
    ],
    preset_of: 'docusign',
    terminal_refresh_errors: [
      {
        status: 400,
        error: 'consent_required',
        means: 'the user has not consented to impersonation',
        recovery: 'contact_tenant_admin',
        causes: ['consent_missing'],
      },
      {
        status: 400,
        error: 'invalid_grant',
        means: 'no_valid_keys_or_signatures, user_not_found, issuer_not_found',
        recovery: 'reauthorize_user',
      },
    ],
    source: ['https://developers.docusign.com/platform/auth/jwt-get-token/'],
    evidence: 'official docs; errors from background',
    unverified_fields: ['terminal_refresh_errors', 'revocation_reach', 'subject_label_source'],
    confidence: 'medium',
  };
};
