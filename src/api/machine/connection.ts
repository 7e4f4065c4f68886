/**
 * What a connection of machine grants needs beside the rest: an app's private keys, read once and kept where the
 * client's secrets are, and facts that make a request for a token at all.
 */

import type { CredentialFields } from '#accounts/life/import/fields.ts';
import type { CreateConnection } from '#contract/connections/connections.ts';
import { isMachineType } from '#contract/machine/kinds.ts';
import { invalid } from '#contract/problem.ts';
import { readPrivateKey } from '#crypto/signing/private-key.ts';
import type { Descriptor } from '#providers/descriptor.ts';
import { connectionsOwn, missingNames } from '#providers/machine/credential.ts';
import { forNewGrant } from '#providers/clients.ts';
import type { ConnectionSettings } from '#providers/settings.ts';

/** An app proves its installations with its own key; each other kind brings its key with the credential, or has none. */
const signsItself = ({ auth_type: type }: Descriptor): boolean => type === 'github_app_installation';

/**
 * The secrets that are stored with the connection: client secrets as they are, keys as PKCS#8.
 * @throws ProblemError 400 at `private_key`, `client_secret` or `client_id`
 */
export async function connectionSecrets(
  body: CreateConnection,
  descriptor: Descriptor,
): Promise<readonly string[]> {
  const keys = listOf(body.private_key);
  if (!signsItself(descriptor)) {
    if (keys.length > 0)
      throw invalid('private_key', 'is for connections of the type github_app_installation');
    return listOf(body.client_secret);
  }
  if (listOf(body.client_secret).length > 0)
    throw invalid('client_secret', 'is not used here: an app proves itself with private_key');
  if (body.client_id == null) throw invalid('client_id', "is required: the app's client id, or its app id");
  const read = await Promise.all(
    keys.map((pem) => readPrivateKey(pem, descriptor.assertion?.alg ?? 'RS256')),
  );
  return read.map((key, n) => {
    if (key.ok) return key.value.pem;
    throw invalid(keys.length === 1 ? 'private_key' : `private_key.${n}`, key.error);
  });
}

/** @throws ProblemError 400 where a new connection could not prove itself at all */
export function requireProof(
  secrets: readonly string[],
  descriptor: Descriptor,
  body: CreateConnection,
): void {
  if (!isMachineType(descriptor.auth_type)) return;
  if (signsItself(descriptor) && secrets.length === 0) throw invalid('private_key', 'is required');
  const needsSecret = descriptor.token_endpoint_auth_method !== 'none';
  const isClient = descriptor.auth_type === 'oauth2_client_credentials' && body.client_id != null;
  if (isClient && needsSecret && secrets.length === 0)
    throw invalid(
      'client_secret',
      'is required beside client_id: only a confidential client gets tokens by itself (RFC 6749, 4.4)',
    );
}

/**
 * What an account of this connection begins with where the connection's own client asks for its tokens, and nothing more
 * is needed, or where calls need no credential; null: a credential has to be brought, or a user has to connect.
 */
export function connectionsCredential(settings: ConnectionSettings): CredentialFields | null {
  const { authType, clientId, descriptor } = forNewGrant(settings);
  if (descriptor.no_credential === true) return { type: 'custom', fields: {} };
  if (authType !== 'oauth2_client_credentials' || clientId === null) return null;
  const machine = connectionsOwn(authType);
  return missingNames(descriptor, machine).length === 0 ? { type: authType, machine } : null;
}

function listOf(given: string | readonly string[] | null | undefined): readonly string[] {
  if (given === undefined || given === null) return [];
  return typeof given === 'string' ? [given] : given;
}
