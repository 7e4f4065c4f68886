/** Box (JWT): facts as data. The client proves itself beside the assertion. */

import type { DescriptorInput } from '../descriptor.ts';
import { boxCcg } from './box-ccg.ts';

export const boxJwt = (): DescriptorInput => ({
  ...boxCcg(),
  id: 'box-jwt',
  display_name: 'Box (JWT)',
  docs_url: 'https://developer.box.com/guides/authentication/jwt/',
  auth_type: 'jwt_bearer',
  extra_token_params: {},
  url_template_vars: {
    box_sub_type: {
      name: 'box_sub_type',
      required: false,
      default: 'enterprise',
      pattern: '^(enterprise|user)$',
      source: 'user input',
    },
    subject: { name: 'subject', required: false, pattern: '^[0-9]{1,20}$', source: 'user input' },
  },
  assertion: {
    claims: {
      iss: '{client_id}',
      sub: '{subject}',
      box_sub_type: '{box_sub_type}',
      aud: 'https://api.box.com/oauth2/token',
    },
    header: { kid: '{private_key_id}' },
    // At most 60 seconds.
    lifetime_s: 45,
  },
  credential_fields: [
    { name: 'client_id', label: 'client id, where it is not the client of the connection' },
    { name: 'private_key_id', label: 'public key id' },
    { name: 'private_key', label: 'private key (PEM), decrypted' },
  ],
  terminal_refresh_errors: [
    {
      status: 400,
      error: 'unauthorized_client',
      means: 'app not authorized in the Admin Console',
      recovery: 'contact_tenant_admin',
    },
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: 'Please check the',
      means: 'a claim is wrong',
      recovery: 'reauthorize_user',
    },
  ],
  transient_refresh_errors: [
    {
      status: 400,
      error: 'invalid_grant',
      description_contains: "'exp' claim",
      means: 'clocks apart',
      recovery: 'retry_with_backoff',
    },
  ],
  source: ['https://developer.box.com/guides/authentication/jwt/without-sdk/'],
  evidence: 'official docs; errors from background',
  unverified_fields: ['terminal_refresh_errors', 'transient_refresh_errors'],
  confidence: 'medium',
});
