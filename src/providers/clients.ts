/**
 * Which OAuth client stands for a grant: the connection's, or one that the account's organization has there for itself. A
 * grant stays with the client that made it, because a provider takes a refresh token from no other. Pure; secrets are
 * ciphertexts here.
 */

import { findDescriptor } from './catalogue/catalogue.ts';
import { URL_FIELDS, type Descriptor } from './descriptor.ts';
import type { ConnectionSettings, OwnClient } from './settings.ts';

/** The settings as the connection has them, whoever's client was in force. */
export function sharedOf(settings: ConnectionSettings): ConnectionSettings {
  const { inForce, ...others } = settings;
  return inForce === undefined ? settings : { ...others, ...inForce.shared };
}

/** What a new grant of this organization's account is made with. */
export function forNewGrant(settings: ConnectionSettings): ConnectionSettings {
  const current = settings.ownClients?.clients.find(({ isCurrent }) => isCurrent);
  return current === undefined ? sharedOf(settings) : withClient(settings, current, false);
}

/** What a grant is renewed, asked about and ended with. @param client as `clientOf` said when it was made */
export function forGrant(
  settings: ConnectionSettings,
  client: string | null | undefined,
): ConnectionSettings {
  if (client == null) return sharedOf(settings);
  const own = settings.ownClients?.clients.find(({ id }) => id === client);
  const gone = { id: client, secrets: [], isCurrent: false, version: 0 };
  return withClient(settings, own ?? gone, own === undefined);
}

/** The client that a grant is made with, for its row; null: the connection's. */
export function clientOf({ inForce, clientId }: ConnectionSettings): string | null {
  return inForce === undefined ? null : clientId;
}

function withClient(settings: ConnectionSettings, own: OwnClient, isGone: boolean): ConnectionSettings {
  const plain = sharedOf(settings);
  const { clientId, clientSecrets, descriptor } = plain;
  return {
    ...plain,
    clientId: own.id,
    clientSecrets: own.secrets,
    descriptor: clientId === null ? descriptor : readdressed(descriptor, plain.provider, clientId, own.id),
    inForce: {
      organization: plain.ownClients?.organization ?? '',
      version: own.version,
      shared: { clientId, clientSecrets, descriptor },
      isGone,
    },
  };
}

/** A few providers have the client's id in an endpoint's path; there it was filled in for the connection's own. */
function readdressed(descriptor: Descriptor, provider: string, from: string, to: string): Descriptor {
  const entry = findDescriptor(provider);
  const named = URL_FIELDS.filter((field) => entry?.[field]?.includes('{client_id}') === true);
  const changed = named.flatMap((field) => {
    const url = descriptor[field];
    if (url === null) return [];
    const segments = url
      .split('/')
      .map((part) => (part === encodeURIComponent(from) ? encodeURIComponent(to) : part));
    return [[field, segments.join('/')] as const];
  });
  return changed.length === 0 ? descriptor : { ...descriptor, ...Object.fromEntries(changed) };
}

/** A number that rises with every change of what a request is made with. */
export function versionOf({ version, inForce }: ConnectionSettings): number {
  return version + (inForce?.version ?? 0);
}

const ownVersion = ({ ownClients }: ConnectionSettings): number => ownClients?.version ?? 0;

/** Whether `found` says something that `known` does not. */
export function isNewer(found: ConnectionSettings, known: ConnectionSettings): boolean {
  return (
    found.version > known.version ||
    (found.version === known.version && ownVersion(found) > ownVersion(known))
  );
}

/** The newer of both, part by part: neither the connection nor its clients go back to an earlier state. */
export function newest(found: ConnectionSettings, known: ConnectionSettings): ConnectionSettings {
  const settings = found.version >= known.version ? found : known;
  const { ownClients } = ownVersion(found) >= ownVersion(known) ? found : known;
  if (settings.ownClients === ownClients) return settings;
  const { ownClients: _, ...others } = settings;
  return ownClients === undefined ? others : { ...others, ownClients };
}
