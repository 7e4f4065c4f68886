/**
 * SQL of grants that have ended here and are to end at their provider. A row keeps what the call needs, the wrapped key
 * of the grant's own life with it: an account's key is erased with the account, and nothing can be encrypted anew
 * inside the transaction that deletes it. So a row opens and authenticates itself, in any later life of the account.
 * No decision here; transactions are the store's.
 */

import { equalSecrets } from '#crypto/digest.ts';
import { macOfRow } from '#objects/sealed-rows.ts';
import type { Tables } from '#objects/schema.ts';
import type { RevocationRequest } from '#refresh/revocation.ts';
import type { ConnectionSettings } from '../rows.ts';

/** Everything about one grant that was, as ciphertexts. */
export interface RevocationJob extends Omit<RevocationRequest<ConnectionSettings>, 'newer'> {
  readonly connection: string;
  readonly identifier: string;
  /** Null: not known. */
  readonly subject: string | null;
  /** Why it is to end, a word of ours. */
  readonly cause: string;
}

/** A job as it waits. `mac` is checked by the caller that has opened the job's own key (`isAuthentic`). */
export interface WaitingRevocation {
  readonly id: string;
  readonly job: RevocationJob;
  readonly tries: number;
  readonly nextTryAtMs: number;
  readonly body: string;
  readonly mac: string;
}

type Row = { id: string; body: string; tries: number; next_try_at_ms: number; mac: string };

/** An import's grant is always number one, so that its generation belongs to the name. */
export function revocationId(job: Pick<RevocationJob, 'incarnation' | 'grantId' | 'generation'>): string {
  return `${job.incarnation}:${job.grantId}:${job.generation}`;
}

const macOf = (mac: Uint8Array, id: string, body: string): string =>
  macOfRow(mac, 'revocation', { id, body });

/** @param mac of the life that the job names */
export function isAuthentic(mac: Uint8Array, { id, body, mac: stored }: WaitingRevocation): boolean {
  return equalSecrets(macOf(mac, id, body), stored);
}

export class RevocationTable {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;

  constructor(sql: SqlStorage, tables: Tables) {
    this.#sql = sql;
    this.#tables = tables;
  }

  /** @param mac of the life that the job names */
  save(mac: Uint8Array, job: RevocationJob, nextTryAtMs: number): void {
    const id = revocationId(job);
    const body = JSON.stringify(job);
    this.#tables.need('revocation');
    this.#sql.exec(
      'INSERT OR REPLACE INTO revocation (id, body, tries, next_try_at_ms, mac) VALUES (?, ?, 0, ?, ?)',
      id,
      body,
      Math.ceil(nextTryAtMs),
      macOf(mac, id, body),
    );
  }

  get(id: string): WaitingRevocation | null {
    return this.#read('WHERE id = ?', id)[0] ?? null;
  }

  due(nowMs: number): WaitingRevocation[] {
    return this.#read('WHERE next_try_at_ms <= ? ORDER BY next_try_at_ms', nowMs);
  }

  count(): number {
    if (!this.#tables.has('revocation')) return 0;
    return this.#sql.exec<{ n: number }>('SELECT count(*) AS n FROM revocation').one().n;
  }

  /** Null: nothing waits. */
  nextAtMs(): number | null {
    if (!this.#tables.has('revocation')) return null;
    return this.#sql.exec<{ at: number | null }>('SELECT min(next_try_at_ms) AS at FROM revocation').one().at;
  }

  tried(id: string, tries: number, nextTryAtMs: number): void {
    this.#sql.exec(
      'UPDATE revocation SET tries = ?, next_try_at_ms = ? WHERE id = ?',
      tries,
      Math.ceil(nextTryAtMs),
      id,
    );
  }

  delete(id: string): void {
    if (!this.#tables.has('revocation')) return;
    this.#sql.exec('DELETE FROM revocation WHERE id = ?', id);
  }

  #read(where: string, value: string | number): WaitingRevocation[] {
    if (!this.#tables.has('revocation')) return [];
    const rows = this.#sql.exec<Row>(`SELECT * FROM revocation ${where}`, value).toArray();
    return rows.map(({ id, body, tries, next_try_at_ms, mac }) => ({
      id,
      job: JSON.parse(body) as RevocationJob,
      tries,
      nextTryAtMs: next_try_at_ms,
      body,
      mac,
    }));
  }
}
