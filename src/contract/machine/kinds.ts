/** The kinds of credential that an account can hold, and which of them the broker renews. */

/** A token endpoint gives a token for these without any user: what an account stores is what asks for it. */
const MACHINE_TYPES = [
  'oauth2_client_credentials',
  'jwt_bearer',
  'github_app_installation',
  'session_token',
] as const;
export type MachineType = (typeof MACHINE_TYPES)[number];

/** Their secret leaves the broker in no request: each request is signed with it. */
const SIGNED_TYPES = ['oauth1', 'aws'] as const;
export type SignedType = (typeof SIGNED_TYPES)[number];

export const CREDENTIAL_TYPES = [
  'oauth2',
  'api_key',
  'basic',
  'custom',
  ...MACHINE_TYPES,
  ...SIGNED_TYPES,
] as const;
export type CredentialType = (typeof CREDENTIAL_TYPES)[number];

export function isMachineType(type: string): type is MachineType {
  return (MACHINE_TYPES as readonly string[]).includes(type);
}

/** Whether a token endpoint gives what the account hands out, so that it ends and is renewed. All else is static. */
export function isRenewedType(type: string): type is 'oauth2' | MachineType {
  return type === 'oauth2' || isMachineType(type);
}

export function isSignedType(type: string): type is SignedType {
  return (SIGNED_TYPES as readonly string[]).includes(type);
}

/** Whether a user gives it, in a browser, at the provider. */
export function isConsentedType(type: string): type is 'oauth2' | 'oauth1' {
  return type === 'oauth2' || type === 'oauth1';
}
