/**
 * The part of an authorization server's metadata that is read, and the facts that it makes. Pure: values come from the
 * network, and each is checked before it is used.
 *
 * Sources: RFC 8414, RFC 9207, OpenID Connect Discovery 1.0.
 */

import { isHttpUrl, type ServerFacts } from './descriptor.ts';

/** The part of a server's metadata that is read. Values come from the network: each is checked again before it is used. */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string | undefined;
  readonly token_endpoint?: string | undefined;
  readonly revocation_endpoint?: string | undefined;
  readonly userinfo_endpoint?: string | undefined;
  readonly jwks_uri?: string | undefined;
  readonly pushed_authorization_request_endpoint?: string | undefined;
  readonly require_pushed_authorization_requests?: boolean | undefined;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined;
  readonly authorization_response_iss_parameter_supported?: boolean | undefined;
  readonly id_token_signing_alg_values_supported?: readonly string[] | undefined;
  readonly code_challenge_methods_supported?: readonly string[] | undefined;
  readonly scopes_supported?: readonly string[] | undefined;
  readonly registration_endpoint?: string | undefined;
  readonly client_id_metadata_document_supported?: boolean | undefined;
}

/** The texts of a list; null: it is none. */
export const listOf = (value: unknown): string[] | null =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : null;

export function pkceOf(
  metadata: AuthorizationServerMetadata | undefined,
): 'supported' | 'unsupported' | 'unknown' {
  const listed = listOf(metadata?.code_challenge_methods_supported);
  if (listed === null) return 'unknown';
  return listed.includes('S256') ? 'supported' : 'unsupported';
}

/** Null without metadata. */
export function serverOf(metadata: AuthorizationServerMetadata | undefined): ServerFacts | null {
  if (metadata === undefined) return null;
  const urlOr = (value: unknown): string | null =>
    typeof value === 'string' && value.length <= 2048 && isHttpUrl(value) ? value : null;
  return {
    issuer: metadata.issuer,
    jwks_uri: urlOr(metadata.jwks_uri),
    par_endpoint: urlOr(metadata.pushed_authorization_request_endpoint),
    par_required: metadata.require_pushed_authorization_requests === true,
    iss_supported: metadata.authorization_response_iss_parameter_supported === true,
    // `none` and the symmetric ones are no proof of the issuer, so they are not even listed.
    id_token_algs: (listOf(metadata.id_token_signing_alg_values_supported) ?? [])
      .filter((alg) => /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/.test(alg))
      .slice(0, 20),
  };
}
