/** Sign in with Apple: facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

/**
 * The client's secret is a JWT that the developer signs with the team's key, good for six months at most: it is given as
 * `client_secret`, and a second one beside it while it is replaced. Name and e-mail come with a form alone. There is no
 * API for its access tokens but the one that signs users in.
 */
export const apple = (): DescriptorInput => ({
  id: 'apple',
  display_name: 'Apple',
  docs_url: 'https://developer.apple.com/documentation/signinwithapplerestapi',
  auth_type: 'oauth2',
  authorization_url: 'https://appleid.apple.com/auth/authorize',
  token_url: 'https://appleid.apple.com/auth/token',
  revocation_url: 'https://appleid.apple.com/auth/revoke',
  revocation_reach: 'grant',
  subject_source: 'id_token.sub',
  subject_label_source: 'id_token.email',
  email_is_verified: true,
  email_verified_source: 'id_token.email_verified',
  api_base_urls: ['https://appleid.apple.com/auth'],
  default_scopes_example: ['name', 'email'],
  pkce: 'unknown',
  token_endpoint_auth_method: 'client_secret_post',
  extra_authorization_params: { response_mode: 'form_post' },
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'static',
  token_header: 'Authorization: Bearer {access_token}',
  source: [
    'https://developer.apple.com/documentation/sign_in_with_apple/generate_and_validate_tokens',
    'https://developer.apple.com/documentation/signinwithapplerestapi/tokenresponse',
    'https://github.com/team-alembic/ash_authentication/pull/1187',
  ],
  evidence: 'official docs',
  unverified_fields: ['revocation_reach', 'access_token_ttl_s', 'email_verified_source', 'pkce'],
  confidence: 'medium',
});
