/** All SQL of a revocation's object: its one row and its receipts, each under a MAC. No decision here. */

import type { Owner } from '#crypto/envelope.ts';
import { revocationOwner } from '#crypto/places.ts';
import { RECEIPT_STATUSES, type ReceiptStatus } from '#contract/callers/revocations.ts';
import type { SqlRow } from '#objects/sql-row.ts';
import { ObjectStore } from '#objects/store.ts';
import type { Order, Progress, ReceiptRow } from './progress.ts';
import { REVOCATION_SCHEMA } from './schema.ts';

type Table = 'revocation' | 'receipt';

const TABLES = { steps: REVOCATION_SCHEMA };

export interface State {
  readonly order: Order;
  readonly progress: Progress;
  readonly dataKey: string;
}

export class RevocationStore extends ObjectStore<Table> {
  #state: State | null | undefined;

  constructor(storage: DurableObjectStorage, auditSeq: () => number) {
    super(storage, { tables: TABLES, living: 'revocation', seal: null }, auditSeq);
  }

  protected ownerOf(organization: string, _incarnation: number, row: SqlRow): Owner {
    return revocationOwner(String(row['name']), organization);
  }

  protected forgetRows(): void {
    this.#state = undefined;
  }

  /** Null: nothing was ever ordered here. @throws CorruptRowError */
  state(mac: Uint8Array): State | null {
    if (this.#state === undefined) this.#state = this.#readState(mac);
    return this.#state;
  }

  #readState(mac: Uint8Array): State | null {
    const stored = this.hasTables() ? this.first('SELECT * FROM revocation') : null;
    if (stored === null) return null;
    const row = this.rows.authentic(mac, 'revocation', stored);
    return {
      order: JSON.parse(String(row['body'])) as Order,
      progress: JSON.parse(String(row['progress'])) as Progress,
      dataKey: String(row['data_key']),
    };
  }

  save(mac: Uint8Array, { order, progress, dataKey }: State): void {
    this.putLiving(mac, {
      name: order.id,
      organization: order.owner ?? '',
      incarnation: 1,
      data_key: dataKey,
      body: JSON.stringify(order),
      progress: JSON.stringify(progress),
    });
  }

  saveReceipt(mac: Uint8Array, row: ReceiptRow): void {
    this.put(mac, 'receipt', {
      account_id: row.accountId,
      n: row.n,
      status: row.status,
      at_provider: Number(row.atProvider),
      noted: Number(row.isNoted),
      at_ms: row.atMs,
      tries: row.tries,
      next_try_at_ms: row.nextTryAtMs,
    });
  }

  hasReceipt(accountId: string): boolean {
    return this.sql.exec('SELECT 1 FROM receipt WHERE account_id = ?', accountId).toArray().length > 0;
  }

  /** The highest number of a receipt; 0: there is none. */
  lastNumber(): number {
    return this.sql.exec<{ n: number | null }>('SELECT max(n) AS n FROM receipt').one().n ?? 0;
  }

  counts(): Record<ReceiptStatus, number> {
    const query = 'SELECT status, count(*) AS n FROM receipt GROUP BY status';
    const found = new Map(
      this.sql
        .exec<{ status: string; n: number }>(query)
        .toArray()
        .map(({ status, n }) => [status, n]),
    );
    const pairs = RECEIPT_STATUSES.map((status) => [status, found.get(status) ?? 0]);
    return Object.fromEntries(pairs) as Record<ReceiptStatus, number>;
  }

  /** Whether an account has not noted the cut-off yet. */
  hasUnnoted(): boolean {
    return this.sql.exec('SELECT 1 FROM receipt WHERE noted = 0 LIMIT 1').toArray().length > 0;
  }

  /** Those that are to be told again by now, longest due first. @throws CorruptRowError */
  due(mac: Uint8Array, nowMs: number, limit: number): ReceiptRow[] {
    return this.#receipts(
      mac,
      `WHERE status = 'retrying' AND next_try_at_ms <= ? ORDER BY next_try_at_ms LIMIT ?`,
      nowMs,
      limit,
    );
  }

  /** When the next one is to be told again; null: none is. */
  nextTryAtMs(): number | null {
    const query = `SELECT min(next_try_at_ms) AS at FROM receipt WHERE status = 'retrying'`;
    return this.sql.exec<{ at: number | null }>(query).one().at;
  }

  /** Newest first, below the number `before`. @throws CorruptRowError */
  receipts(mac: Uint8Array, before: number | null, limit: number): ReceiptRow[] {
    return this.#receipts(
      mac,
      'WHERE n < ? ORDER BY n DESC LIMIT ?',
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    );
  }

  #receipts(mac: Uint8Array, which: string, ...values: number[]): ReceiptRow[] {
    const rows = this.sql.exec<SqlRow>(`SELECT * FROM receipt ${which}`, ...values).toArray();
    return rows.map((stored) => {
      const row = this.rows.authentic(mac, 'receipt', stored);
      return {
        accountId: String(row['account_id']),
        n: Number(row['n']),
        status: String(row['status']) as ReceiptStatus,
        atProvider: row['at_provider'] === 1,
        isNoted: row['noted'] === 1,
        atMs: Number(row['at_ms']),
        tries: Number(row['tries']),
        nextTryAtMs: row['next_try_at_ms'] === null ? null : Number(row['next_try_at_ms']),
      };
    });
  }
}
