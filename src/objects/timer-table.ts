/** Timers as rows of the table `timer`: one row a timer. */

import type { Timer, TimerRows } from './timers.ts';

type Row = { kind: string; due_at_ms: number; attempts: number; payload: string | null };

export class TimerTable<Kind extends string = string> implements TimerRows<Kind> {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  put(kind: Kind, dueAtMs: number, payload: string | null): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO timer (kind, due_at_ms, attempts, payload) VALUES (?, ?, 0, ?)',
      kind,
      dueAtMs,
      payload,
    );
  }

  drop(kind: Kind): void {
    this.#sql.exec('DELETE FROM timer WHERE kind = ?', kind);
  }

  postpone({ kind }: Timer<Kind>, dueAtMs: number): void {
    this.#sql.exec('UPDATE timer SET due_at_ms = ?, attempts = attempts + 1 WHERE kind = ?', dueAtMs, kind);
  }

  get(kind: Kind): Timer<Kind> | null {
    return this.#read('WHERE kind = ?', kind)[0] ?? null;
  }

  due(nowMs: number, limit: number): Timer<Kind>[] {
    return this.#read('WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?', nowMs, limit);
  }

  all(): Timer<Kind>[] {
    return this.#read('ORDER BY due_at_ms');
  }

  earliestMs(): number | null {
    return this.#sql.exec<{ due: number | null }>('SELECT min(due_at_ms) AS due FROM timer').one().due;
  }

  #read(which: string, ...values: (string | number)[]): Timer<Kind>[] {
    const rows = this.#sql.exec<Row>(`SELECT * FROM timer ${which}`, ...values).toArray();
    return rows.map((row) => ({
      kind: row.kind as Kind,
      dueAtMs: row.due_at_ms,
      attempts: row.attempts,
      payload: row.payload,
    }));
  }
}
