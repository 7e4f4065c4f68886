/** Snowflake (key-pair JWT): facts as data. */

import type { DescriptorInput } from '../descriptor.ts';

export const snowflakeKeypair = (): DescriptorInput => ({
  id: 'snowflake-keypair',
  display_name: 'Snowflake (key-pair JWT)',
  docs_url: 'https://docs.snowflake.com/en/developer-guide/sql-api/authenticating',
  auth_type: 'jwt_bearer',
  revocation_reach: 'none',
  api_base_urls: ['https://{account_url}/api/v2'],
  pkce: 'unsupported',
  access_token_ttl_s: 3600,
  access_token_never_expires: false,
  refresh_token: 'none',
  url_template_vars: {
    account_url: {
      name: 'account_url',
      required: true,
      pattern: '^[a-z0-9._-]+\\.snowflakecomputing\\.(com|cn)$',
      source: 'user input',
    },
  },
  token_header: 'Authorization: Bearer {access_token}; X-Snowflake-Authorization-Token-Type: KEYPAIR_JWT',
  assertion: {
    sent: 'access_token',
    claims: { iss: '{account}.{user}.SHA256:{public_key_sha256}', sub: '{account}.{user}' },
    lifetime_s: 3540,
    jti: false,
  },
  credential_fields: [
    { name: 'account', label: 'account identifier, in capitals, without region' },
    { name: 'user', label: 'user name, in capitals' },
    { name: 'private_key', label: 'private key (PEM)' },
  ],
  preset_of: 'snowflake',
  terminal_refresh_errors: [
    {
      status: 401,
      error: '390144',
      field: 'code',
      means: 'JWT token is invalid (key rotated/user disabled)',
      recovery: 'reauthorize_user',
    },
  ],
  source: [
    'https://github.com/NangoHQ/nango/blob/2f4c0af6/packages/providers/providers.yaml',
    'general knowledge',
  ],
  evidence: 'nango',
  confidence: 'medium',
});
