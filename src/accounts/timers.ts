/**
 * One row per timer, one alarm per object. In the transaction that writes a timer the alarm is set to the earliest;
 * nothing here decides what a timer does.
 */

/** `refresh:<grant>`, `reconcile:<attempt>`, `index`, `outbox`, `beat`, `expiring`, `connect` (sessions that end by themselves), `subject`, `revoke` (grants that end at their provider). */
export type TimerKind =
  | `refresh:${number}`
  | `reconcile:${string}`
  | 'index'
  | 'outbox'
  | 'beat'
  | 'expiring'
  | 'connect'
  | 'subject'
  | 'revoke';

export interface Timer {
  readonly kind: TimerKind;
  readonly dueAtMs: number;
  readonly attempts: number;
  readonly payload: string | null;
}

type Row = { kind: string; due_at_ms: number; attempts: number; payload: string | null };

export class Timers {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** What the alarm is known to be set to; undefined: not known. */
  #armedAtMs: number | null | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  set(kind: TimerKind, dueAtMs: number, payload: string | null = null): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO timer (kind, due_at_ms, attempts, payload) VALUES (?, ?, 0, ?)',
      kind,
      Math.ceil(dueAtMs),
      payload,
    );
    this.arm();
  }

  clear(kind: TimerKind): void {
    this.#sql.exec('DELETE FROM timer WHERE kind = ?', kind);
    this.arm();
  }

  /** Moves a timer that failed; its own count of failures rises. */
  postpone(kind: TimerKind, dueAtMs: number): void {
    this.#sql.exec(
      'UPDATE timer SET due_at_ms = ?, attempts = attempts + 1 WHERE kind = ?',
      Math.ceil(dueAtMs),
      kind,
    );
    this.arm();
  }

  get(kind: TimerKind): Timer | null {
    const row = this.#sql.exec<Row>('SELECT * FROM timer WHERE kind = ?', kind).toArray()[0];
    return row === undefined ? null : fromSql(row);
  }

  due(nowMs: number, limit: number): Timer[] {
    return this.#sql
      .exec<Row>('SELECT * FROM timer WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?', nowMs, limit)
      .toArray()
      .map(fromSql);
  }

  all(): Timer[] {
    return this.#sql.exec<Row>('SELECT * FROM timer ORDER BY due_at_ms').toArray().map(fromSql);
  }

  /** Sets the alarm to the earliest timer, or takes it away. Un-awaited on purpose: it lands in the same commit. */
  arm(): void {
    const earliest = this.#sql
      .exec<{ due: number | null }>('SELECT min(due_at_ms) AS due FROM timer')
      .one().due;
    if (earliest === this.#armedAtMs) return;
    this.#armedAtMs = earliest;
    void (earliest === null ? this.#storage.deleteAlarm() : this.#storage.setAlarm(earliest));
  }

  /** The alarm has fired or the transaction was rolled back: what it is set to is not known any more. */
  forget(): void {
    this.#armedAtMs = undefined;
  }
}

function fromSql(row: Row): Timer {
  return {
    kind: row.kind as TimerKind,
    dueAtMs: row.due_at_ms,
    attempts: row.attempts,
    payload: row.payload,
  };
}
