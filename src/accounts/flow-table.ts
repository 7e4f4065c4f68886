/**
 * SQL of what connect flows leave in an account: sessions and candidates, each row under its MAC, and one seal over all
 * of them. The seal is apart from that of the account's own rows, so that code which knows no flows goes on with both.
 * No decision here; transactions are the store's.
 */

import { rowMac } from '#crypto/digest.ts';
import type { CandidateRow, ProofRow } from './candidate-row.ts';
import { CorruptRowError } from './corrupt-row.ts';
import type { SessionRow } from './session.ts';

type Table = 'connect_session' | 'candidate';
type Row = { id: string; body: string; mac: string };

const MACS = `
  SELECT mac FROM (SELECT mac FROM connect_session ORDER BY id)
  UNION ALL SELECT mac FROM (SELECT mac FROM candidate ORDER BY id)`;

export class FlowTable {
  readonly #sql: SqlStorage;
  /** Is there a living account, and are these tables there? @throws CorruptRowError where its rows are not its own */
  readonly #exists: (mac: Uint8Array) => boolean;
  /** The key of rows written in the transaction that is going on; null: none was, and the seal holds. */
  #unsealed: Uint8Array | null = null;

  readonly #written: () => void;

  /** @param written called with every write: whoever compares states sees another one */
  constructor(sql: SqlStorage, exists: (mac: Uint8Array) => boolean, written: () => void) {
    this.#sql = sql;
    this.#exists = exists;
    this.#written = written;
  }

  /** Oldest first. @throws CorruptRowError */
  sessions(mac: Uint8Array): readonly SessionRow[] {
    return this.#rows<SessionRow>(mac, 'connect_session').toSorted(
      (one, other) => one.createdAtMs - other.createdAtMs,
    );
  }

  /** Grants that wait for a confirmation. @throws CorruptRowError */
  candidates(mac: Uint8Array): readonly CandidateRow[] {
    return this.#rows<CandidateRow | ProofRow>(mac, 'candidate').filter(isCandidate);
  }

  /** Imported credentials that are being proven. @throws CorruptRowError */
  proofs(mac: Uint8Array): readonly ProofRow[] {
    return this.#rows<CandidateRow | ProofRow>(mac, 'candidate').filter(
      (row): row is ProofRow => !isCandidate(row),
    );
  }

  saveSession(mac: Uint8Array, row: SessionRow): void {
    this.#put(mac, 'connect_session', row.id, JSON.stringify(row));
  }

  saveCandidate(mac: Uint8Array, row: CandidateRow | ProofRow): void {
    this.#put(mac, 'candidate', row.sessionId, JSON.stringify(row));
  }

  deleteSession(mac: Uint8Array, id: string): void {
    this.#touched(mac);
    this.#sql.exec('DELETE FROM connect_session WHERE id = ?', id);
  }

  deleteCandidate(mac: Uint8Array, id: string): void {
    this.#touched(mac);
    this.#sql.exec('DELETE FROM candidate WHERE id = ?', id);
  }

  /** The last act of a transaction. */
  seal(): void {
    if (this.#unsealed === null) return;
    const seal = this.#sealOf(this.#unsealed);
    this.#unsealed = null;
    if (seal === null) this.#sql.exec('DELETE FROM connect_seal');
    else this.#sql.exec('INSERT OR REPLACE INTO connect_seal (id, mac) VALUES (1, ?)', seal);
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#unsealed = null;
  }

  #rows<Kept>(mac: Uint8Array, table: Table): readonly Kept[] {
    if (!this.#exists(mac)) return [];
    // Looked at first: a row that was taken away is missed as one that was put back is.
    const seal = this.#sql.exec<{ mac: string }>('SELECT mac FROM connect_seal').toArray()[0]?.mac ?? null;
    if (this.#unsealed === null && this.#sealOf(mac) !== seal)
      throw new CorruptRowError('the rows of connect flows are not those that were written together');
    const rows = this.#sql.exec<Row>(`SELECT * FROM ${table} ORDER BY id`).toArray();
    return rows.map((row) => {
      if (macOf(mac, table, row.id, row.body) !== row.mac)
        throw new CorruptRowError(`${table} does not match its MAC`);
      return JSON.parse(row.body) as Kept;
    });
  }

  #put(mac: Uint8Array, table: Table, id: string, body: string): void {
    this.#touched(mac);
    this.#sql.exec(
      `INSERT OR REPLACE INTO ${table} (id, body, mac) VALUES (?, ?, ?)`,
      id,
      body,
      macOf(mac, table, id, body),
    );
  }

  #touched(mac: Uint8Array): void {
    this.#unsealed = mac;
    this.#written();
  }

  /** Null where there are no rows: then there is no seal either. */
  #sealOf(mac: Uint8Array): string | null {
    const macs = this.#sql.exec<{ mac: string }>(MACS).toArray();
    if (macs.length === 0) return null;
    return rowMac(
      mac,
      'connect_seal',
      macs.map((row) => row.mac),
    );
  }
}

function isCandidate(row: CandidateRow | ProofRow): row is CandidateRow {
  return !('proof' in row);
}

function macOf(mac: Uint8Array, table: Table, id: string, body: string): string {
  return rowMac(mac, table, ['body', body, 'id', id]);
}
