/** Google (service account): facts as data. Its scopes are Google's; nobody consents, and nothing is revoked. */

import type { DescriptorInput } from '../descriptor.ts';
import { google } from './google.ts';

export const googleServiceAccount = (): DescriptorInput => {
  const { scope_prefix, scope_synonyms, scope_implies, known_scopes } = google();
  return {
    id: 'google-service-account',
    display_name: 'Google (service account)',
    docs_url: 'https://developers.google.com/identity/protocols/oauth2/service-account',
    auth_type: 'jwt_bearer',
    token_url: 'https://oauth2.googleapis.com/token',
    revocation_reach: 'none',
    api_base_urls: ['https://www.googleapis.com'],
    ...(scope_prefix === undefined ? {} : { scope_prefix }),
    ...(scope_synonyms === undefined ? {} : { scope_synonyms }),
    ...(scope_implies === undefined ? {} : { scope_implies }),
    ...(known_scopes === undefined ? {} : { known_scopes }),
    pkce: 'unsupported',
    access_token_ttl_s: 3600,
    access_token_never_expires: false,
    refresh_token: 'none',
    refresh_scope_downscoping: 'supported',
    token_header: 'Authorization: Bearer {access_token}',
    assertion: {
      claims: {
        iss: '{client_email}',
        // The user of domain-wide delegation.
        sub: '{subject}',
        aud: 'https://oauth2.googleapis.com/token',
        scope: '{scope}',
      },
      optional: ['sub', 'kid'],
      header: { kid: '{private_key_id}' },
      lifetime_s: 3600,
      jti: false,
    },
    credential_fields: [
      { name: 'client_email', label: 'e-mail address of the service account' },
      { name: 'private_key_id', label: "key's id" },
      { name: 'private_key', label: 'private key (PEM)' },
    ],
    preset_of: 'google',
    terminal_refresh_errors: [
      {
        status: 400,
        error: 'invalid_grant',
        description_contains: 'Invalid email or User ID',
        means: 'the user of `sub` is not in the domain',
        recovery: 'reauthorize_user',
        causes: ['subject_unknown'],
      },
      {
        status: 400,
        error: 'invalid_grant',
        description_contains: 'account not found',
        means: 'service account deleted',
        recovery: 'reauthorize_user',
        causes: ['service_account_deleted'],
      },
      {
        status: 400,
        error: 'invalid_grant',
        description_contains: 'Invalid JWT Signature',
        means: 'key deleted or disabled',
        recovery: 'reauthorize_user',
        causes: ['key_deleted'],
      },
      {
        status: 401,
        error: 'unauthorized_client',
        means: 'no domain-wide delegation for these scopes',
        recovery: 'contact_tenant_admin',
        causes: ['delegation_missing'],
      },
      {
        status: 400,
        error: 'access_denied',
        means: 'an administrator blocks the account or the scope',
        recovery: 'contact_tenant_admin',
      },
      { status: 400, error: 'invalid_scope', means: 'unknown or empty scope', recovery: 'fix_request' },
    ],
    transient_refresh_errors: [
      {
        status: 400,
        error: 'invalid_grant',
        description_contains: 'reasonable timeframe',
        means: 'clocks apart',
        recovery: 'retry_with_backoff',
      },
    ],
    source: [
      'https://developers.google.com/identity/protocols/oauth2/service-account',
      'https://support.google.com/a/answer/162106',
    ],
    evidence: 'official docs; descriptions from background',
    unverified_fields: ['terminal_refresh_errors', 'transient_refresh_errors'],
    confidence: 'high',
  };
};
