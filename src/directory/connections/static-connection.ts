/**
 * The connection that a static credential brings along: an API key is usable without anybody having described its API
 * first. Makes none for OAuth, which needs a client.
 */

import type { RequestContext } from '#audit/record.ts';
import { NAME_PATTERN, NAME_RULE } from '#contract/ids.ts';
import { isSignedType, type MachineType } from '#contract/machine/kinds.ts';
import { ProblemError, invalid } from '#contract/problem.ts';
import { systemNow } from '#lib/clock.ts';
import { findDescriptor } from '#providers/catalogue/catalogue.ts';
import { ProviderConfig, applyVariables, customDescriptor } from '#providers/custom.ts';
import type { ConnectionSettings, CredentialType } from '#providers/settings.ts';
import { CONNECTION_DEFAULTS } from './connection-row.ts';
import { connectionSettings, createConnection, type ConnectionDraft } from './connections.ts';
import type { VaultConfig } from '../keys/data-key.ts';
import { bySystem } from '../organization-audit.ts';

/** A kind whose connection can be made from its id alone. */
type StaticType = Exclude<CredentialType, 'oauth2' | MachineType>;

/** The mode of a connection that names none. */
export const DEFAULT_ROTATION = 'idle_after:7d';

/**
 * The settings of connection `id` for a credential of `type`. An absent one is made: the catalogue's entry of that id,
 * else `custom` with `Authorization: Bearer {api_key}` (Basic for a user name and password, no header for other fields).
 *
 * @throws ProblemError `invalid_request` at `type` where the connection (or the catalogue's entry) takes another type,
 * at `connection` where it cannot be made from its id alone; `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function ensureStaticConnection(
  config: VaultConfig,
  id: string,
  type: StaticType,
  context: RequestContext = bySystem(),
): Promise<ConnectionSettings> {
  const found = await connectionSettings(config, id, '');
  if (found !== null) return ofType(found, type);
  await createConnection(config, staticDraft(id, type), systemNow(), context);
  // Read back also where another request made it first: both then work with what is stored.
  const made = await connectionSettings(config, id, '');
  if (made === null) throw new ProblemError('conflict', { detail: 'the connection was deleted meanwhile' });
  return ofType(made, type);
}

function ofType(settings: ConnectionSettings, type: CredentialType): ConnectionSettings {
  if (settings.authType === type) return settings;
  throw invalid('type', `the connection ${settings.id} takes credentials of the type ${settings.authType}`);
}

function staticDraft(id: string, type: StaticType): ConnectionDraft {
  if (!NAME_PATTERN.test(id)) throw invalid('connection', NAME_RULE);
  if (isSignedType(type))
    throw invalid(
      'connection',
      `needs to be created first: it says of which API requests are signed (${type})`,
    );
  const common = {
    id,
    authType: type,
    clientId: null,
    clientSecrets: [],
    scopes: [],
    variables: {},
    rotation: DEFAULT_ROTATION,
    ...CONNECTION_DEFAULTS,
  };
  const entry = findDescriptor(id);
  if (entry !== undefined) {
    if (entry.auth_type !== type)
      throw invalid('type', `the provider ${id} takes credentials of the type ${entry.auth_type}`);
    const applied = applyVariables(entry, {});
    if (!applied.ok) {
      const names = applied.errors.map((error) => error.path).join(', ');
      throw invalid('connection', `needs to be created first, with ${names}`);
    }
    return { ...common, provider: id, providerConfig: null, descriptor: applied.descriptor, warnings: [] };
  }
  const providerConfig = ProviderConfig.parse({ auth_type: type, display_name: id });
  const custom = customDescriptor(providerConfig);
  if (!custom.ok) throw new Error('internal: a static connection has no descriptor');
  return {
    ...common,
    provider: 'custom',
    providerConfig,
    descriptor: custom.descriptor,
    warnings: custom.warnings,
  };
}
