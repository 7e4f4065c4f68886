/**
 * Changing and ending a connection. A row that was changed outside the broker is not changed by it: the new MAC would
 * make good what it must not. The version rises with every change, also over a deletion: what an account keeps of an
 * earlier one is older.
 */

import type { RequestContext } from '#audit/record.ts';
import { ProblemError } from '#contract/problem.ts';
import { encryptText } from '#crypto/envelope.ts';
import { clientSecretPlace } from '#crypto/places.ts';
import { ask, type SqlRow } from '../ask.ts';
import { connectionFromSql, connectionToSql, isAuthentic, type ConnectionRow } from './connection-row.ts';
import { connectionRecord, forgetConnection, type ConnectionDraft } from './connections.ts';
import { forgetCutOffs } from '../revocations/cut-offs.ts';
import { connectionKey, type VaultConfig } from '../keys/data-key.ts';
import { bySystem, runRecorded } from '../organization-audit.ts';

/** Everything that a change may set. `clientSecrets` are plain; null: those that are there stay. */
export type ConnectionChange = Omit<ConnectionDraft, 'id' | 'clientSecrets'> & {
  readonly clientSecrets: readonly string[] | null;
};

/** Rounds against other requests that change the same connection. */
const MAX_ROUNDS = 5;
/** Health is no setting: it is changed by what providers answer, beside this. */
const NOT_SET_HERE = ['id', 'created_at_ms', 'health', 'health_reason', 'health_since_ms'];

/**
 * Stores what `change` makes of the row; false where there is none. `change` is asked again when the row was changed
 * meanwhile. `context`: of the request, for the record.
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`, `conflict`, and what `change` throws
 */
export async function changeConnection(
  config: VaultConfig,
  id: string,
  change: (row: ConnectionRow) => Promise<ConnectionChange>,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<boolean> {
  const { directory: db } = config;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const stored = await ask(() =>
      db.prepare('SELECT * FROM connection WHERE id = ?').bind(id).first<SqlRow>(),
    );
    if (stored === null) return false;
    const key = await connectionKey(config);
    if (!isAuthentic(key.mac, stored)) {
      throw new ProblemError('record_corrupt', { detail: `the connection ${id} does not match its MAC` });
    }
    const row = connectionFromSql(stored);
    const { clientSecrets: plain, ...changed } = await change(row);
    const clientSecrets =
      plain === null
        ? row.clientSecrets
        : await Promise.all(plain.map((text, n) => encryptText(key, clientSecretPlace(id, n), text)));
    const updatedAtMs = Math.max(nowMs, row.updatedAtMs);
    const next = connectionToSql(key.mac, {
      ...row,
      ...changed,
      clientSecrets,
      version: row.version + 1,
      updatedAtMs,
    });
    const set = Object.entries(next).filter(([name]) => !NOT_SET_HERE.includes(name));
    const update = `UPDATE connection SET ${set.map(([name]) => `${name} = ?`).join(', ')} WHERE id = ? AND version = ?`;
    const values = set.map(([, value]) => value);
    const statement = db.prepare(update).bind(...values, id, row.version);
    const record = connectionRecord('connection.update', id, context, nowMs);
    const isStored = await runRecorded(config, record, statement);
    forgetCutOffs(db);
    forgetConnection(db, id);
    if (isStored) return true;
  }
  throw new ProblemError('conflict', { detail: 'others change this connection at the same time' });
}

/** Organizations' own clients end with the connection, which has gone in the same transaction. */
const REMOVE_CLIENTS = `DELETE FROM own_client WHERE connection = ?1
  AND NOT EXISTS (SELECT 1 FROM connection WHERE id = ?1)`;

/** The outcome of a deletion. `in_use`: accounts exist and nothing was changed. */
export type Deleted = 'deleted' | 'in_use' | 'not_found';

/**
 * Deletes a connection and remembers when. Accounts that exist then are dead, whether the index knows them already or
 * not; erasing them is for others (accounts). `context`: of the request, for the record.
 *
 * @param force also while accounts exist
 * @throws ProblemError `vault_locked`, `unavailable`, `record_corrupt`
 */
export async function deleteConnection(
  config: VaultConfig,
  id: string,
  force: boolean,
  nowMs: number,
  context: RequestContext = bySystem(),
): Promise<Deleted> {
  const { directory: db } = config;
  const unless = force ? '' : 'AND NOT EXISTS (SELECT 1 FROM account_index WHERE connection = ?1)';
  const grave = `INSERT INTO connection_grave (id, version, deleted_at_ms)
    SELECT id, version, ?2 FROM connection WHERE id = ?1 ${unless}
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, deleted_at_ms = excluded.deleted_at_ms,
      ended_at_ms = NULL`;
  const remove = `DELETE FROM connection WHERE id = ?1 ${unless}`;
  const forget = `DELETE FROM mcp_tool WHERE connection = ?1 AND NOT EXISTS (SELECT 1 FROM connection WHERE id = ?1)`;
  const record = connectionRecord('connection.delete', id, context, nowMs);
  const isDeleted = await runRecorded(config, record, db.prepare(grave).bind(id, nowMs), [
    db.prepare(remove).bind(id),
    db.prepare(REMOVE_CLIENTS).bind(id),
    db.prepare(forget).bind(id),
  ]);
  forgetCutOffs(db);
  forgetConnection(db, id);
  if (isDeleted) return 'deleted';
  const there = await ask(() => db.prepare('SELECT 1 FROM connection WHERE id = ?').bind(id).first());
  return there === null ? 'not_found' : 'in_use';
}
