/**
 * The parameters of a refresh and of a code exchange, as plain data. It owns what differs between providers: endpoint, format, names and extra
 * parameters. It sends nothing and builds no header of a client secret: that is the egress room, with oauth4webapi.
 *
 * Source: RFC 6749 section 6 (refreshing), 2.3.1 (client authentication).
 */

import { placeholdersIn, type Descriptor } from '../descriptor.ts';

/**
 * How the client proves itself at the token endpoint. `json_body`: id and secret in the JSON body;
 * `client_secret_basic_raw`: Basic without the form encoding of RFC 6749.
 */
export type RequestAuth =
  'client_secret_basic' | 'client_secret_basic_raw' | 'client_secret_post' | 'json_body' | 'none';

export interface RefreshInput {
  clientId: string;
  /** Null for a public client. */
  clientSecret: string | null;
  refreshToken: string;
  /** Narrow to these; left out or empty: everything that was granted. */
  scope?: string[];
  /** What `{names}` in extra parameters stand for (`redirect_uri`, captured values). */
  values?: Readonly<Record<string, string>>;
}

export interface RefreshRequest {
  url: string;
  method: 'POST';
  format: 'form' | 'json';
  auth: RequestAuth;
  grantType: string;
  /** The name under which the client id goes into the body (`client_id`; some providers use their own). */
  clientIdParam: string;
  /** The same of the secret, where it goes into the body. */
  clientSecretParam: string;
  /** Beyond grant type, refresh token and client authentication. */
  params: Record<string, string>;
  /** Members of a JSON body that are no texts. */
  json?: Readonly<Record<string, unknown>>;
  headers: Record<string, string>;
}

export type RefreshRequestResult =
  | { ok: true; request: RefreshRequest }
  | { ok: false; reason: 'no_token_endpoint' }
  | { ok: false; reason: 'unsupported_auth_method'; method: string }
  | { ok: false; reason: 'missing_value'; name: string };

/** The first part of an address that only an account knows, and that is not filled in. */
export function openPart(url: string): Extract<RefreshRequestResult, { ok: false }> | null {
  const name = placeholdersIn(url)[0];
  return name === undefined ? null : { ok: false, reason: 'missing_value', name };
}

/** What the calls of all kinds have in common. */
export function requestTo(
  descriptor: Descriptor,
  own: Pick<RefreshRequest, 'url' | 'auth' | 'grantType' | 'params'>,
): RefreshRequestResult {
  return {
    ok: true,
    request: {
      ...own,
      method: 'POST',
      format: descriptor.token_request_format,
      clientIdParam: descriptor.client_id_param,
      clientSecretParam: descriptor.client_secret_param,
      headers: { accept: 'application/json' },
    },
  };
}

/** The request that renews a grant, or why this descriptor cannot make one. */
export function refreshRequest(descriptor: Descriptor, input: RefreshInput): RefreshRequestResult {
  const url = descriptor.refresh_url ?? descriptor.token_url;
  if (url === null) return { ok: false, reason: 'no_token_endpoint' };
  const open = openPart(url);
  if (open !== null) return open;
  const auth = requestAuth(descriptor, input.clientSecret);
  if (auth === null) {
    return {
      ok: false,
      reason: 'unsupported_auth_method',
      method: descriptor.token_endpoint_auth_method ?? 'unknown',
    };
  }
  const { grant_type: grantType = 'refresh_token', ...extra } = descriptor.extra_refresh_params;
  const params: Record<string, string> = {};
  const values = { client_id: input.clientId, ...input.values };
  for (const [name, template] of Object.entries(extra)) {
    const filled = fillParam(template, values);
    if (!filled.ok) return { ok: false, reason: 'missing_value', name: filled.name };
    params[name] = filled.text;
  }
  // An empty list would read as "everything" at the server (RFC 6749, section 6), so it is never sent as a value.
  if (input.scope !== undefined && input.scope.length > 0) {
    params[descriptor.scope_param] = input.scope.join(descriptor.scope_separator);
  }
  return requestTo(descriptor, { url, auth, grantType, params });
}

/** The GET that exchanges the token of a code for one that lives long; null: this provider has none, or a value is missing. */
export function longLivedUrl(
  { long_lived_url: url, long_lived_params: params = {} }: Descriptor,
  values: Readonly<Record<string, string>>,
): string | null {
  if (url === undefined) return null;
  const filled = new URL(url);
  for (const [name, template] of Object.entries(params)) {
    const one = fillParam(template, values);
    if (!one.ok) return null;
    filled.searchParams.set(name, one.text);
  }
  return filled.href;
}

export interface CodeInput {
  clientId: string;
  /** Null for a public client. */
  clientSecret: string | null;
  code: string;
  /** Exactly as it stood in the authorization request (RFC 6749, 4.1.3). */
  redirectUri: string;
  /** Null where the flow ran without PKCE. */
  verifier: string | null;
}

/** The request that redeems an authorization code (RFC 6749, 4.1.3; RFC 7636, 4.5). */
export function codeRequest(descriptor: Descriptor, input: CodeInput): RefreshRequestResult {
  const url = descriptor.token_url;
  if (url === null) return { ok: false, reason: 'no_token_endpoint' };
  const open = openPart(url);
  if (open !== null) return open;
  const auth = requestAuth(descriptor, input.clientSecret);
  if (auth === null) {
    return {
      ok: false,
      reason: 'unsupported_auth_method',
      method: descriptor.token_endpoint_auth_method ?? 'unknown',
    };
  }
  const { grant_type: grantType = 'authorization_code', ...extra } = descriptor.extra_token_params;
  const params: Record<string, string> = {};
  const values = { client_id: input.clientId, redirect_uri: input.redirectUri };
  for (const [name, template] of Object.entries(extra)) {
    const filled = fillParam(template, values);
    if (!filled.ok) return { ok: false, reason: 'missing_value', name: filled.name };
    params[name] = filled.text;
  }
  params[descriptor.code_param] = input.code;
  params['redirect_uri'] = input.redirectUri;
  if (input.verifier !== null) params['code_verifier'] = input.verifier;
  return requestTo(descriptor, { url, auth, grantType, params });
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The request that exchanges a token of somebody else's for a grant (RFC 8693, 2.1), without that token. */
export function exchangeRequest(
  descriptor: Descriptor,
  { clientId, clientSecret }: Pick<RefreshInput, 'clientId' | 'clientSecret'>,
): RefreshRequestResult {
  const { token_url: url, token_exchange_params: own } = descriptor;
  if (url === null || own === undefined) return { ok: false, reason: 'no_token_endpoint' };
  const open = openPart(url);
  if (open !== null) return open;
  const method = descriptor.token_endpoint_auth_method ?? 'unknown';
  const auth = requestAuth(descriptor, clientSecret);
  if (auth === null) return { ok: false, reason: 'unsupported_auth_method', method };
  const { grant_type: grantType = TOKEN_EXCHANGE, ...extra } = own;
  const params: Record<string, string> = {};
  for (const [name, template] of Object.entries(extra)) {
    const filled = fillParam(template, { client_id: clientId });
    if (!filled.ok) return { ok: false, reason: 'missing_value', name: filled.name };
    params[name] = filled.text;
  }
  return requestTo(descriptor, { url, auth, grantType, params });
}

/**
 * The request that ends a token (RFC 7009, 2.1), without the token. `no_token_endpoint` also where the address has a
 * part that is not filled in: that provider asks for something else than a token.
 */
export function revocationRequest(descriptor: Descriptor, clientSecret: string | null): RefreshRequestResult {
  const url = descriptor.revocation_url;
  if (url === null || url.includes('{')) return { ok: false, reason: 'no_token_endpoint' };
  const method = descriptor.token_endpoint_auth_method ?? 'unknown';
  const auth = requestAuth(descriptor, clientSecret);
  if (auth === null) return { ok: false, reason: 'unsupported_auth_method', method };
  return requestTo(descriptor, { url, auth, grantType: '', params: {} });
}

/** How this client proves itself with this secret; null: in a way that is not spoken here. */
export function requestAuth(descriptor: Descriptor, clientSecret: string | null): RequestAuth | null {
  const method = descriptor.token_endpoint_auth_method;
  if (method === null || method === 'private_key_jwt') return null;
  // A client without a secret is public; the method that the provider's confidential clients use does not matter.
  if (clientSecret === null || clientSecret === '') return 'none';
  const raw = method === 'client_secret_basic' && descriptor.client_secret_basic_encoding === 'raw';
  return raw ? 'client_secret_basic_raw' : method;
}

/** A template with its `{names}` filled in, or the first name that has no value. */
export function fillParam(
  template: string,
  values: Readonly<Record<string, string>>,
): { ok: true; text: string } | { ok: false; name: string } {
  let missing: string | null = null;
  const text = template.replace(/\{([A-Za-z_][A-Za-z0-9_.]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) missing ??= name;
    return value ?? '';
  });
  return missing === null ? { ok: true, text } : { ok: false, name: missing };
}
