/**
 * SQL of what connect flows leave in an account: sessions and candidates, each row under its MAC, and one seal over all
 * of them. The seal is apart from that of the account's own rows, so that code which knows no flows goes on with both.
 * No decision here; transactions are the store's.
 */

import { SealedRows } from '#objects/sealed-rows.ts';
import type { Tables } from '#objects/schema.ts';
import type { CandidateRow, ProofRow } from './candidate-row.ts';
import type { SessionRow } from './session.ts';

type Table = 'connect_session' | 'candidate';
type Row = { id: string; body: string; mac: string };

const SEAL = {
  table: 'connect_seal',
  covers: [
    { table: 'connect_session', by: 'id' },
    { table: 'candidate', by: 'id' },
  ],
};

export class FlowTable {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  /** Is there a living account? @throws CorruptRowError where its rows are not its own */
  readonly #exists: (mac: Uint8Array) => boolean;
  readonly #sealed: SealedRows<Table>;
  readonly #written: () => void;

  /** @param written called with every write: a caller that compares states sees another state */
  constructor(sql: SqlStorage, tables: Tables, exists: (mac: Uint8Array) => boolean, written: () => void) {
    this.#sql = sql;
    this.#tables = tables;
    this.#sealed = new SealedRows(sql, SEAL, tables);
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
    if (!this.#tables.has('connect_session')) return;
    this.#touched(mac);
    this.#sql.exec('DELETE FROM connect_session WHERE id = ?', id);
  }

  deleteCandidate(mac: Uint8Array, id: string): void {
    if (!this.#tables.has('candidate')) return;
    this.#touched(mac);
    this.#sql.exec('DELETE FROM candidate WHERE id = ?', id);
  }

  /** The last act of a transaction. */
  seal(): void {
    this.#sealed.seal();
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#sealed.forget();
  }

  #rows<Kept>(mac: Uint8Array, table: Table): readonly Kept[] {
    if (!this.#exists(mac) || !this.#tables.has(table)) return [];
    // Checked first: the seal also shows that a row was removed or put back.
    this.#sealed.assertSealed(mac);
    const rows = this.#sql.exec<Row>(`SELECT * FROM ${table} ORDER BY id`).toArray();
    return rows.map((row) => {
      this.#sealed.authentic(mac, table, row);
      return JSON.parse(row.body) as Kept;
    });
  }

  #put(mac: Uint8Array, table: Table, id: string, body: string): void {
    this.#tables.need(table);
    this.#sealed.put(mac, table, { id, body });
    this.#written();
  }

  #touched(mac: Uint8Array): void {
    this.#sealed.touched(mac);
    this.#written();
  }
}

function isCandidate(row: CandidateRow | ProofRow): row is CandidateRow {
  return !('proof' in row);
}
