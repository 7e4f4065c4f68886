/**
 * The request with which a machine asks for a token, as plain data, for every kind: the grant type and its parameters,
 * a login, the scopes, which client proves itself. It sends nothing and signs nothing: a signed assertion comes in.
 *
 * Sources: RFC 6749 section 4.4 (client credentials), RFC 7523 section 2.1 (JWT bearer).
 */

import type { Descriptor } from '../descriptor.ts';
import {
  fillParam,
  openPart,
  requestAuth,
  requestTo,
  type RefreshRequest,
  type RequestAuth,
} from '../requests/token-request.ts';
import type { MachineCredential } from './credential.ts';
import { requestedObjects } from './scope-objects.ts';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

export interface MachineInput {
  readonly credential: MachineCredential;
  /** The connection's client, for a credential that brings none. */
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  /** The scopes to ask for; empty: none is named. */
  readonly scopes: readonly string[];
  /** Signed; null where this provider takes none. */
  readonly assertion: string | null;
}

/** The client that proves itself; null: nobody but the assertion or the login does. */
export interface PresentedClient {
  readonly id: string;
  readonly secret: string | null;
}

export type MachineRequest =
  | {
      readonly ok: true;
      readonly request: RefreshRequest;
      readonly fields: Readonly<Record<string, string>>;
      readonly client: PresentedClient | null;
    }
  | {
      readonly ok: false;
      readonly reason: 'no_token_endpoint' | 'unsupported_auth_method' | 'missing_value';
      readonly name?: string;
    };

/** The client that a machine grant proves itself with, by its facts. */
function clientOf(
  descriptor: Descriptor,
  { credential, clientId, clientSecret }: Pick<MachineInput, 'credential' | 'clientId' | 'clientSecret'>,
): PresentedClient | null {
  if (credential.type === 'session_token' || credential.type === 'github_app_installation') return null;
  if (descriptor.token_endpoint_auth_method === null) return null;
  if (credential.client !== null) return credential.client;
  return clientId === null ? null : { id: clientId, secret: clientSecret };
}

/** What templates of request and assertion may name. */
export function templateValues(
  descriptor: Descriptor,
  { credential, clientId }: Pick<MachineInput, 'credential' | 'clientId'>,
  scopes: readonly string[],
): Record<string, string> {
  const url = descriptor.token_url;
  const id = credential.client?.id ?? clientId;
  return {
    ...(scopes.length === 0 ? {} : { scope: scopes.join(descriptor.scope_separator) }),
    ...(id === null ? {} : { client_id: id }),
    ...(url === null || !URL.canParse(url) ? {} : { token_url: url, token_origin: new URL(url).origin }),
    ...credential.values,
  };
}

export function machineRequest(descriptor: Descriptor, input: MachineInput): MachineRequest {
  const { credential, scopes, assertion } = input;
  const url = descriptor.token_url;
  if (url === null) return { ok: false, reason: 'no_token_endpoint' };
  const open = openPart(url);
  if (open !== null) return { ok: false, reason: 'missing_value', name: url };
  const client = clientOf(descriptor, input);
  const auth = authOf(descriptor, client);
  if (auth === null) return { ok: false, reason: 'unsupported_auth_method' };
  const values = templateValues(descriptor, input, scopes);
  const { grant_type: ownGrantType, ...extra } = descriptor.extra_token_params;
  const fields: Record<string, string> = {};
  const grantType = ownGrantType ?? usualGrantType(credential.type);
  if (grantType !== null) fields['grant_type'] = grantType;
  for (const [name, template] of Object.entries({ ...extra, ...descriptor.login_params })) {
    const filled = fillParam(template, values);
    if (!filled.ok) return { ok: false, reason: 'missing_value', name: filled.name };
    fields[name] = filled.text;
  }
  const objects = descriptor.scope_objects;
  // A claim of the assertion names them already where its provider takes them there.
  const isClaimed = descriptor.assertion?.claims['scope'] !== undefined;
  if (objects === undefined && scopes.length > 0 && !isClaimed && credential.type !== 'session_token')
    fields[descriptor.scope_param] = scopes.join(descriptor.scope_separator);
  const sent = descriptor.assertion?.sent;
  if (assertion !== null && sent === 'assertion') fields['assertion'] = assertion;
  const built = requestTo(descriptor, { url, auth, grantType: grantType ?? '', params: {} });
  if (!built.ok) return { ok: false, reason: 'no_token_endpoint' };
  const bearer =
    assertion !== null && sent === 'authorization' ? { authorization: `Bearer ${assertion}` } : {};
  return {
    ok: true,
    request: {
      ...built.request,
      headers: { ...built.request.headers, ...bearer },
      ...(objects === undefined ? {} : { json: requestedObjects(objects, scopes) }),
    },
    fields,
    client,
  };
}

function usualGrantType(type: MachineCredential['type']): string | null {
  if (type === 'oauth2_client_credentials') return 'client_credentials';
  return type === 'jwt_bearer' ? JWT_BEARER : null;
}

function authOf(descriptor: Descriptor, client: PresentedClient | null): RequestAuth | null {
  return client === null ? 'none' : requestAuth(descriptor, client.secret);
}

/** What a request names: what it is narrowed to, else what the credential or its connection asks for, else the usual. */
export function scopesAsked(
  descriptor: Descriptor,
  { scopes: own }: MachineCredential,
  ofConnection: readonly string[],
  narrowedTo: readonly string[] | null,
): readonly string[] {
  if (narrowedTo !== null) return narrowedTo;
  if (own !== null && own.length > 0) return own;
  if (ofConnection.length > 0) return ofConnection;
  return descriptor.default_scopes_example.filter((name) => !name.includes('{'));
}
