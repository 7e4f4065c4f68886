/**
 * A row of the table `own_client`, both ways: an OAuth client that an organization has for itself at one connection, and
 * the MAC over what decides whose it is and what it proves itself with. A row that the broker did not write is taken for
 * no client: then nothing goes out with it.
 */

import { equalSecrets, rowMac } from '#crypto/digest.ts';
import type { OwnClient, OwnClients } from '#providers/settings.ts';
import type { SqlRow } from '../ask.ts';
import { OTHERS_WITH_OWN } from './connection-health.ts';

/** The rows of one organization with what their health is judged by. Parameters: connection, organization. */
export const OWN_CLIENTS = `SELECT k.*, c.version + k.own_version AS version, c.token_url,
    c.max_refreshes_per_second, ${OTHERS_WITH_OWN} AS others_can_probe
  FROM own_client k JOIN connection c ON c.id = k.connection WHERE k.connection = ? AND k.organization = ?`;

/** As it is stored. */
export interface OwnClientRow {
  readonly connection: string;
  readonly organization: string;
  readonly clientId: string;
  /** `retired`: kept for the grants that it has made. */
  readonly state: 'current' | 'retired';
  /** Rises over all clients of the organization at the connection. */
  readonly version: number;
  /** Ciphertexts under the connection data key, each at its `ownClientSecretPlace`. */
  readonly secrets: readonly string[];
}

/** Covered by the MAC, in this order, as stored. Part of the format. */
const PROTECTED = [
  'connection',
  'organization',
  'client_id',
  'state',
  'own_version',
  'client_secrets',
] as const;

function macOf(macKey: Uint8Array, row: SqlRow): string {
  return rowMac(
    macKey,
    'own_client',
    PROTECTED.map((name) => row[name] ?? null),
  );
}

export function ownClientToSql(macKey: Uint8Array, row: OwnClientRow): SqlRow {
  const columns: SqlRow = {
    connection: row.connection,
    organization: row.organization,
    client_id: row.clientId,
    state: row.state,
    own_version: row.version,
    client_secrets: JSON.stringify(row.secrets),
  };
  return { ...columns, mac: macOf(macKey, columns) };
}

/** Whether the row is as the broker wrote it. */
export function isAuthenticOwnClient(macKey: Uint8Array, row: SqlRow): boolean {
  return equalSecrets(macOf(macKey, row), String(row['mac']));
}

export function ownClientFromSql(row: SqlRow): OwnClientRow {
  return {
    connection: String(row['connection']),
    organization: String(row['organization']),
    clientId: String(row['client_id']),
    state: row['state'] === 'current' ? 'current' : 'retired',
    version: Number(row['own_version']),
    secrets: JSON.parse(String(row['client_secrets'])),
  };
}

/** What accounts of the organization are told; null: it has none. @param rows authentic ones */
export function ownClientsOf(rows: readonly SqlRow[]): OwnClients | null {
  const own = rows.map(ownClientFromSql);
  const [first] = own;
  if (first === undefined) return null;
  const clients = own.map(({ clientId, secrets, state, version }): OwnClient => ({
    id: clientId,
    secrets,
    isCurrent: state === 'current',
    version,
  }));
  return {
    organization: first.organization,
    version: Math.max(...clients.map(({ version }) => version)),
    clients,
  };
}
