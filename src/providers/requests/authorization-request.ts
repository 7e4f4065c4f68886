/**
 * The parameters with which a browser is sent to a provider, as plain data. What differs between providers comes from
 * the descriptor; what protects the flow (state, PKCE, nonce) is added last, so that no fact can take its place.
 *
 * Sources: RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core 1.0 section 3.1.2.1, RFC 9126.
 */

import type { Descriptor } from '../descriptor.ts';
import { placeholdersIn } from '../descriptor.ts';
import { fillParam } from './token-request.ts';

export interface AuthorizationInput {
  readonly clientId: string;
  readonly redirectUri: string;
  /** As the provider spells them; empty: none is asked for. */
  readonly scopes: readonly string[];
  readonly state: string;
  readonly nonce: string;
  /** S256 (RFC 7636): there is no other method here. */
  readonly challenge: string;
  /** The name under which the user should sign in; null: any. */
  readonly loginHint: string | null;
}

export type AuthorizationRequest =
  | { readonly ok: true; readonly endpoint: string; readonly params: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: 'no_authorization_endpoint' | 'missing_value' };

/** A nonce makes sense where an id_token will come: it is asked for by a scope (OpenID Connect Core, 3.1.2.1). */
export function isOpenId(scopes: readonly string[]): boolean {
  return scopes.includes('openid');
}

/** Whether a flow of this provider runs with PKCE: always, unless the provider refuses it. */
export function usesPkce(descriptor: Pick<Descriptor, 'pkce'>): boolean {
  return descriptor.pkce !== 'unsupported';
}

export function authorizationRequest(
  descriptor: Descriptor,
  input: AuthorizationInput,
): AuthorizationRequest {
  const endpoint = descriptor.authorization_url;
  if (endpoint === null || placeholdersIn(endpoint).length > 0)
    return { ok: false, reason: 'no_authorization_endpoint' };
  const params: Record<string, string> = {};
  const values = { client_id: input.clientId, redirect_uri: input.redirectUri };
  for (const [name, template] of Object.entries(descriptor.extra_authorization_params)) {
    const filled = fillParam(template, values);
    if (!filled.ok) return { ok: false, reason: 'missing_value' };
    params[name] = filled.text;
  }
  if (input.loginHint !== null) params['login_hint'] = input.loginHint;
  if (input.scopes.length > 0) params[descriptor.scope_param] = input.scopes.join(descriptor.scope_separator);
  if (isOpenId(input.scopes)) params['nonce'] = input.nonce;
  if (usesPkce(descriptor)) {
    params['code_challenge'] = input.challenge;
    params['code_challenge_method'] = 'S256';
  }
  params[descriptor.client_id_param] = input.clientId;
  params['response_type'] = 'code';
  params['redirect_uri'] = input.redirectUri;
  params['state'] = input.state;
  return { ok: true, endpoint, params };
}

/** The URL for the browser; parameters that the endpoint carries itself stay (RFC 6749, 3.1). */
export function authorizationUrl(endpoint: string, params: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  return url.href;
}

/** For a server that took the request by a back channel (RFC 9126, section 4). */
export function pushedUrl(endpoint: string, clientIdParam: string, clientId: string, uri: string): string {
  return authorizationUrl(endpoint, { [clientIdParam]: clientId, request_uri: uri });
}
