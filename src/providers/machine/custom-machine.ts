/** What a machine grant of a provider that is in no catalogue asks with, where its operator says nothing of it. Pure. */

import { isMachineType } from '#contract/machine/kinds.ts';
import { z } from 'zod';
import {
  Assertion,
  CredentialField,
  ExtraParams,
  ScopeObjects,
  type DescriptorInput,
  type TokenEndpointAuthMethod,
} from '../descriptor.ts';

/** Keys of a `provider_config` for machines: the JWT that is signed, the login, scopes that are objects, the end of a token. */
export const MACHINE_FIELDS = {
  assertion: Assertion.optional(),
  login_params: ExtraParams.optional(),
  scope_objects: ScopeObjects.optional(),
  revocation_request: z.literal('delete_with_token').optional(),
  credential_fields: z.array(CredentialField).min(1).max(10).optional(),
};

/** Of a `provider_config`. */
interface Asked {
  readonly auth_type: DescriptorInput['auth_type'];
  readonly token_endpoint_auth_method?: TokenEndpointAuthMethod | undefined;
  readonly login_params?: unknown;
  readonly assertion?: unknown;
}

/** A client proves itself for client credentials; a key or a login is proof enough unless the operator says more. */
export function machineAuth(
  config: Asked,
  usual: () => TokenEndpointAuthMethod | null,
): TokenEndpointAuthMethod | null {
  if (config.auth_type === 'oauth2_client_credentials') return usual();
  return config.token_endpoint_auth_method ?? null;
}

/** What a machine's token is asked for with where the operator says nothing: RFC 7523, a login of two names. */
export function machineDefaults(config: Asked): Partial<DescriptorInput> {
  if (!isMachineType(config.auth_type)) return {};
  const login = { username: '{username}', password: '{password}' };
  const claims = { iss: '{client_id}', sub: '{subject}', aud: '{token_url}', scope: '{scope}' };
  return {
    refresh_token: 'none',
    ...(config.auth_type === 'session_token' && config.login_params === undefined
      ? { login_params: login }
      : {}),
    ...(config.auth_type === 'jwt_bearer' && config.assertion === undefined
      ? {
          assertion: { claims, optional: ['sub', 'scope', 'kid'], header: { kid: '{private_key_id}' } },
          credential_fields: JWT_FIELDS,
        }
      : {}),
  };
}

const JWT_FIELDS = [
  { name: 'client_id', label: 'client id' },
  { name: 'private_key_id', label: "key's id" },
];
