/**
 * From the body of `PUT …/credential` to what a machine's account stores: keys are read here, once, and everything that
 * would make the first request for a token fail for certain is refused at its field.
 */

import type { PutCredential } from '#contract/accounts/connected-accounts.ts';
import type { MachineType } from '#contract/machine/kinds.ts';
import { invalid } from '#contract/problem.ts';
import { readPrivateKey } from '#crypto/signing/private-key.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { scopeFactsOf } from '#providers/catalogue/scope-facts.ts';
import { connectionsOwn, missingNames, type MachineCredential } from '#providers/machine/credential.ts';
import { scopesAsked } from '#providers/machine/machine-request.ts';
import { resolveScopes } from '#providers/scopes/scopes.ts';
import { forNewGrant } from '#providers/clients.ts';
import type { ConnectionSettings } from '#providers/settings.ts';

type Body<T extends MachineType> = Extract<PutCredential, { type: T }>;
type MachineBody = Body<MachineType>;

/** @throws ProblemError 400 at the field that is missing or cannot be used */
export async function machineCredential(
  body: MachineBody,
  settings: ConnectionSettings,
): Promise<MachineCredential> {
  const credential = await read(body, settings);
  const { descriptor } = settings;
  const [missing] = missingNames(descriptor, credential);
  if (missing !== undefined)
    throw invalid(pathOf(body, missing), `is required: this provider asks for ${missing}`);
  if (
    body.type === 'oauth2_client_credentials' &&
    credential.client === null &&
    forNewGrant(settings).clientId === null
  )
    throw invalid('client_id', 'is required: this connection has no client of its own');
  const names = scopesAsked(descriptor, credential, settings.scopes, null);
  if (descriptor.assertion?.claims['scope'] === '{scope}' && names.length === 0)
    throw invalid(
      'scope',
      'is required, here or as `scopes` of the connection: this provider has no usual ones',
    );
  return credential;
}

function pathOf(body: MachineBody, name: string): string {
  if (name === 'subject' || body.type !== 'jwt_bearer') return name;
  return `service_account.${name}`;
}

async function read(body: MachineBody, settings: ConnectionSettings): Promise<MachineCredential> {
  const scopes = 'scope' in body && body.scope ? resolveScopes(scopeFactsOf(settings), [body.scope]) : null;
  const plain = { ...connectionsOwn(body.type), scopes };
  switch (body.type) {
    case 'oauth2_client_credentials': {
      const { client_id: id, client_secret: secret, subject } = body;
      if (secret != null && id == null) throw invalid('client_id', 'is required beside client_secret');
      const client = id == null ? null : { id, secret: secret ?? null };
      return { ...plain, client, values: subject == null ? {} : { subject } };
    }
    case 'jwt_bearer':
      return readServiceAccount(body, settings, plain);
    case 'github_app_installation': {
      const { installation_id: id, repositories } = body;
      const limits = (repositories ?? []).map((name) => `repository:${name}`);
      const all = limits.length === 0 ? scopes : [...(scopes ?? []), ...limits];
      return { ...plain, scopes: all, values: { installation_id: String(id) } };
    }
    case 'session_token':
      return { ...plain, values: { username: body.username, password: body.password } };
  }
}

async function readServiceAccount(
  { service_account: file, subject }: Body<'jwt_bearer'>,
  settings: ConnectionSettings,
  plain: MachineCredential,
): Promise<MachineCredential> {
  const { descriptor } = settings;
  const { private_key: pem, type } = file;
  if (type === 'authorized_user' || type === 'external_account')
    throw invalid(
      'service_account.type',
      'is the file of a user or of a federation, which holds no private key',
    );
  if (typeof pem !== 'string' || pem === '') throw invalid('service_account.private_key', 'is required');
  const key = await readPrivateKey(pem, descriptor.assertion?.alg ?? 'RS256');
  if (!key.ok) throw invalid('service_account.private_key', key.error);
  checkTokenUri(file['token_uri'], settings);
  const named = (descriptor.credential_fields ?? []).map(({ name }) => name);
  const values = named.flatMap((name): [string, string][] => {
    const value = file[name];
    if (value === undefined || value === null || name === 'private_key') return [];
    if (typeof value === 'object' || !isPlain(String(value)))
      throw invalid(
        `service_account.${name}`,
        'must be a text of at most 512 characters without control characters',
      );
    return [[name, String(value)]];
  });
  const { client_id: id, client_secret: secret } = file;
  const ownsClient = named.includes('client_id') && typeof id === 'string' && id !== '';
  return {
    ...plain,
    privateKey: key.value.pem,
    client: ownsClient ? { id, secret: typeof secret === 'string' ? secret : null } : null,
    values: {
      ...Object.fromEntries(values.filter(([name]) => name !== 'client_id' && name !== 'client_secret')),
      ...(subject == null ? {} : { subject }),
      public_key_sha256: key.value.publicKeySha256,
    },
  };
}

// eslint-disable-next-line no-control-regex -- what is refused
const isPlain = (text: string): boolean => text.length <= 512 && !/[\u0000-\u001f\u007f]/.test(text);

/** The host comes from the provider's facts; a file that names another is another provider's, or bait. */
function checkTokenUri(uri: unknown, { provider, descriptor }: ConnectionSettings): void {
  if (uri === undefined || uri === null) return;
  const urls = [findDescriptor(provider)?.token_url, descriptor.token_url];
  const hosts = urls.flatMap((url) => (url != null && URL.canParse(url) ? [new URL(url).host] : []));
  const host = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).host : null;
  if (host === null || !hosts.includes(host))
    throw invalid(
      'service_account.token_uri',
      `is not the provider's: ${hosts.join(' or ') || 'it has none'}`,
    );
}
