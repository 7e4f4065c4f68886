/**
 * What an account of a machine grant stores in the place of a refresh token: all that asks for a token, as one text that
 * is encrypted like one. Pure; it keeps nothing and reads no key.
 */

import type { MachineType } from '#contract/machine/kinds.ts';
import { placeholdersIn, type Descriptor } from '../descriptor.ts';

/** `values` are what templates of the request and of its assertion may name. */
export interface MachineCredential {
  readonly type: MachineType;
  /** A client of its own; null: the connection's. */
  readonly client: { readonly id: string; readonly secret: string | null } | null;
  /** PKCS#8, PEM; null: the connection's, or none is needed. */
  readonly privateKey: string | null;
  readonly values: Readonly<Record<string, string>>;
  /** Scopes to ask for; null: the connection's, or the provider's usual ones. */
  readonly scopes: readonly string[] | null;
}

/** A credential that says nothing of its own: the connection's client asks. */
export function connectionsOwn(type: MachineType): MachineCredential {
  return { type, client: null, privateKey: null, values: {}, scopes: null };
}

export function sealableText(credential: MachineCredential): string {
  return JSON.stringify(credential);
}

/** Reads what `sealableText` wrote; a field that came later has its default. */
export function credentialFrom(text: string): MachineCredential {
  const stored = JSON.parse(text) as Partial<MachineCredential> & Pick<MachineCredential, 'type'>;
  return { ...connectionsOwn(stored.type), ...stored };
}

/** The names that a request for a token needs, and that are filled in by the broker itself. */
const BROKERS_OWN: ReadonlySet<string> = new Set([
  'token_url',
  'token_origin',
  'scope',
  'client_id',
  'public_key_sha256',
]);

/** Names in templates of the request that have to come with the credential; the rest is the connection's. */
function neededNames(descriptor: Descriptor): string[] {
  const { assertion, extra_token_params: params, login_params: login = {}, token_url: url } = descriptor;
  const optional = new Set(assertion?.optional ?? []);
  const claims = [...Object.entries(assertion?.claims ?? {}), ...Object.entries(assertion?.header ?? {})];
  const texts = [
    ...claims.filter(([name]) => !optional.has(name)).map(([, text]) => text),
    ...Object.values(params),
    ...Object.values(login),
    url ?? '',
  ];
  return [...new Set(texts.flatMap(placeholdersIn))].filter((name) => !BROKERS_OWN.has(name));
}

/** Those of them that this credential does not bring. */
export function missingNames(descriptor: Descriptor, { values }: MachineCredential): string[] {
  return neededNames(descriptor).filter((name) => !Object.hasOwn(values, name));
}

/**
 * Whether the trouble of a refused client is the account's alone: the connection has none that was presented. Then its
 * credential is dead, and no other account is in trouble.
 */
export function bringsOwnClient(credential: MachineCredential, connectionClientId: string | null): boolean {
  if (credential.client !== null) return true;
  return credential.type === 'session_token' || connectionClientId === null;
}
