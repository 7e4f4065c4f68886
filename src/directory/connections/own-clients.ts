/**
 * The table `own_client`: an organization's own OAuth clients at one connection. One at most is current, and new grants
 * are made with it. A client that was replaced or removed stays, sealed, while the organization has accounts there: a
 * provider takes a refresh token from the client alone that it was issued to. Secrets go in plain and come out of no
 * function here.
 */

import type { RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { encryptText } from '#crypto/envelope.ts';
import { ownClientSecretPlace } from '#crypto/places.ts';
import { ask, type SqlRow } from '../ask.ts';
import { connectionKey, type VaultConfig } from '../keys/data-key.ts';
import { runRecorded, type OrganizationRecord } from '../organization-audit.ts';
import { shownHealth } from './connection-health.ts';
import { forgetConnection } from './connections.ts';
import {
  isAuthenticOwnClient,
  OWN_CLIENTS,
  ownClientFromSql,
  ownClientToSql,
  type OwnClientRow,
} from './own-client-row.ts';

/** So many are kept of one organization at one connection, the current one among them. */
export const MAX_OWN_CLIENTS = 8;

/** An organization's client as it is shown. All `…Ms` are epoch milliseconds. */
export interface OwnClientView {
  readonly row: OwnClientRow;
  readonly health: ReturnType<typeof shownHealth>;
  /** Ids of earlier ones, which their grants are still renewed with. */
  readonly retired: readonly string[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** The current clients of one connection, by organization; `organization` null: of all. @throws ProblemError */
export async function listOwnClients(
  db: D1Database,
  connection: string,
  organization: string | null,
): Promise<OwnClientView[]> {
  const query = `SELECT k.*, c.version + k.own_version AS version,
      (SELECT json_group_array(o.client_id) FROM own_client o
        WHERE o.connection = k.connection AND o.organization = k.organization AND o.state = 'retired') AS retired
    FROM own_client k JOIN connection c ON c.id = k.connection
    WHERE k.connection = ?1 AND (?2 IS NULL OR k.organization = ?2) AND k.state = 'current' ORDER BY k.organization`;
  const { results } = await ask(() => db.prepare(query).bind(connection, organization).all<SqlRow>());
  return results.map((row) => ({
    row: ownClientFromSql(row),
    health: shownHealth(row),
    retired: JSON.parse(String(row['retired'])) as string[],
    createdAtMs: Number(row['created_at_ms']),
    updatedAtMs: Number(row['updated_at_ms']),
  }));
}

/** A change of an organization's clients. */
export interface OwnClientChange {
  readonly connection: string;
  readonly organization: string;
  readonly nowMs: number;
  /** Of the request, for the record, which stands in the organization's chain. */
  readonly context: RequestContext;
}

/** Rounds against other requests that change the same organization's clients. */
const MAX_ROUNDS = 5;

/**
 * Makes `client` the current one. One with the same id takes the new secrets over, and so do the grants that it has made;
 * another one is retired.
 * @returns `created`: there was no current one
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`, `conflict`
 */
export async function putOwnClient(
  config: VaultConfig,
  change: OwnClientChange,
  client: { readonly id: string; readonly secrets: readonly string[] },
): Promise<'created' | 'replaced'> {
  const key = await connectionKey(config);
  const place = { organization: change.organization, clientId: client.id };
  const secrets = await Promise.all(
    client.secrets.map((text, n) =>
      encryptText(key, ownClientSecretPlace(change.connection, place, n), text),
    ),
  );
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { rows, version } = await present(config.directory, key.mac, change);
    const current = rows.find(({ state }) => state === 'current');
    const isKnown = rows.some(({ clientId }) => clientId === client.id);
    if (!isKnown && rows.length >= MAX_OWN_CLIENTS)
      throw new ProblemError('conflict', {
        detail: `grants of this organization were made with ${MAX_OWN_CLIENTS} clients of its own here: connect their accounts anew or delete them first`,
      });
    const made: OwnClientRow = {
      connection: change.connection,
      organization: change.organization,
      clientId: client.id,
      state: 'current',
      version: version + 1,
      secrets,
    };
    const retired =
      current === undefined || current.clientId === client.id ? [] : [retiredFrom(current, version)];
    const isStored = await store(config, change, version, key.mac, [made, ...retired], 'own_client_set');
    if (isStored) return current === undefined ? 'created' : 'replaced';
  }
  throw conflict();
}

/**
 * New grants are made with the connection's client again. False: there is no current one of the organization's own.
 * @throws ProblemError as for a change
 */
export async function removeOwnClient(config: VaultConfig, change: OwnClientChange): Promise<boolean> {
  const key = await connectionKey(config);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { rows, version, accounts } = await present(config.directory, key.mac, change);
    const current = rows.find(({ state }) => state === 'current');
    if (current === undefined) return false;
    const isStored =
      accounts === 0
        ? await erase(config, change, version)
        : await store(
            config,
            change,
            version,
            key.mac,
            [retiredFrom(current, version)],
            'own_client_removed',
          );
    if (isStored) return true;
  }
  throw conflict();
}

function retiredFrom(row: OwnClientRow, version: number): OwnClientRow {
  return { ...row, state: 'retired', version: version + 1 };
}

function conflict(): ProblemError {
  return new ProblemError('conflict', {
    detail: 'others change the clients of this organization at the same time',
  });
}

interface Present {
  readonly rows: readonly OwnClientRow[];
  /** 0: there are none. */
  readonly version: number;
  /** Accounts of the organization at the connection, as the directory knows. */
  readonly accounts: number;
}

const COUNT_ACCOUNTS = 'SELECT count(*) AS n FROM account_index WHERE connection = ? AND organization = ?';

async function present(
  db: D1Database,
  macKey: Uint8Array,
  { connection, organization }: OwnClientChange,
): Promise<Present> {
  const [stored, counted] = await ask(() =>
    db.batch<SqlRow>([
      db.prepare(OWN_CLIENTS).bind(connection, organization),
      db.prepare(COUNT_ACCOUNTS).bind(connection, organization),
    ]),
  );
  const found = stored?.results ?? [];
  if (!found.every((row) => isAuthenticOwnClient(macKey, row)))
    throw new ProblemError('record_corrupt', {
      detail: `a client of ${organization} at ${connection} does not match its MAC`,
    });
  const rows = found.map(ownClientFromSql);
  return {
    rows,
    version: Math.max(0, ...rows.map(({ version }) => version)),
    accounts: Number(counted?.results[0]?.['n'] ?? 0),
  };
}

/** Holds where no other request has changed them since they were read. Parameters: connection, organization, version. */
const STILL = `(SELECT coalesce(max(own_version), 0) FROM own_client WHERE connection = ? AND organization = ?) = ?`;

async function store(
  config: VaultConfig,
  change: OwnClientChange,
  version: number,
  macKey: Uint8Array,
  /** The one that others wait for first. */
  rows: readonly OwnClientRow[],
  reason: string,
): Promise<boolean> {
  const { directory: db } = config;
  const { connection, organization, nowMs } = change;
  const columns: SqlRow[] = rows.map((row) => ({
    ...ownClientToSql(macKey, row),
    health_since_ms: nowMs,
    created_at_ms: nowMs,
    updated_at_ms: nowMs,
  }));
  const [first, ...others] = columns;
  if (first === undefined) throw new Error('internal: a change without a row');
  const whole = upsert(first, `${STILL} AND EXISTS (SELECT 1 FROM connection WHERE id = ?)`);
  const leading = db
    .prepare(whole)
    .bind(...Object.values(first), connection, organization, version, connection);
  // Only where the first was written, which its MAC tells: it is over this very version and these very ciphertexts.
  const beside = others.map((row) =>
    db
      .prepare(
        upsert(
          row,
          'EXISTS (SELECT 1 FROM own_client WHERE connection = ? AND organization = ? AND mac = ?)',
        ),
      )
      .bind(...Object.values(row), connection, organization, first['mac'] ?? ''),
  );
  const isStored = await runRecorded(config, recordOf(change, reason), leading, beside);
  forgetConnection(db, connection);
  return isStored;
}

function upsert(columns: SqlRow, condition: string): string {
  const names = Object.keys(columns);
  const set = ['state', 'own_version', 'client_secrets', 'mac', 'updated_at_ms'];
  return `INSERT INTO own_client (${names.join(', ')}) SELECT ${names.map(() => '?').join(', ')} WHERE ${condition}
    ON CONFLICT (connection, organization, client_id)
    DO UPDATE SET ${set.map((name) => `${name} = excluded.${name}`).join(', ')}`;
}

/** No account of the organization has a grant here that a client could have made. */
async function erase(config: VaultConfig, change: OwnClientChange, version: number): Promise<boolean> {
  const { directory: db } = config;
  const { connection, organization } = change;
  const statement = db
    .prepare(
      `DELETE FROM own_client WHERE connection = ? AND organization = ? AND ${STILL}
       AND NOT EXISTS (SELECT 1 FROM account_index WHERE connection = ? AND organization = ?)`,
    )
    .bind(connection, organization, connection, organization, version, connection, organization);
  const isStored = await runRecorded(config, recordOf(change, 'own_client_removed'), statement);
  forgetConnection(db, connection);
  return isStored;
}

function recordOf(
  { connection, organization, context, nowMs }: OwnClientChange,
  reason: string,
): OrganizationRecord {
  return {
    organization,
    fields: { action: 'connection.update', outcome: 'ok', reason, connection },
    context,
    atMs: nowMs,
  };
}
