/**
 * The two timers of an agent, where its tables have them: that its row in the directory is out of date is one row of
 * `index_due`, and when its outbox wakes stands in the outbox. What they do is `alarm.ts`.
 */

import type { Timer, TimerRows } from '#objects/timers.ts';
import type { Outbox } from '#outbox/outbox.ts';

export type TimerName = 'index' | 'outbox';

type Due = { due_at_ms: number; attempts: number; revision: number };

/** The payload of `index` is its revision: which setting of the timer it is. */
export class AgentTimerRows implements TimerRows<TimerName> {
  readonly #sql: SqlStorage;
  readonly #exists: () => boolean;
  readonly #outbox: () => Outbox;

  /** @param exists whether the agent's tables are there */
  constructor(sql: SqlStorage, exists: () => boolean, outbox: () => Outbox) {
    this.#sql = sql;
    this.#exists = exists;
    this.#outbox = outbox;
  }

  put(kind: TimerName, dueAtMs: number): void {
    // The outbox keeps its own time, and has noted it when it says so.
    if (kind === 'outbox') return;
    this.#sql.exec(
      `INSERT INTO index_due (id, due_at_ms, attempts, revision) VALUES (1, ?, 0, 1)
         ON CONFLICT (id) DO UPDATE SET due_at_ms = excluded.due_at_ms, attempts = 0, revision = revision + 1`,
      dueAtMs,
    );
  }

  drop(kind: TimerName): void {
    if (kind === 'index') this.#sql.exec('DELETE FROM index_due');
  }

  /** Unless the agent has changed again meanwhile: that change has set the timer itself. */
  postpone({ kind, payload }: Timer<TimerName>, dueAtMs: number): void {
    if (kind === 'outbox') this.#outbox().postpone(dueAtMs);
    else
      this.#sql.exec(
        'UPDATE index_due SET due_at_ms = ?, attempts = attempts + 1 WHERE revision = ?',
        dueAtMs,
        Number(payload),
      );
  }

  get(kind: TimerName): Timer<TimerName> | null {
    return this.all().find((timer) => timer.kind === kind) ?? null;
  }

  due(nowMs: number, limit: number): Timer<TimerName>[] {
    return this.all()
      .filter(({ dueAtMs }) => dueAtMs <= nowMs)
      .slice(0, limit);
  }

  all(): Timer<TimerName>[] {
    const timers: Timer<TimerName>[] = [];
    const due = this.#indexDue();
    if (due !== null) {
      const { due_at_ms: dueAtMs, attempts, revision } = due;
      timers.push({ kind: 'index', dueAtMs, attempts, payload: String(revision) });
    }
    const outboxAtMs = this.#outbox().nextDueAtMs();
    if (outboxAtMs !== null) timers.push({ kind: 'outbox', dueAtMs: outboxAtMs, attempts: 0, payload: null });
    return timers.toSorted((one, other) => one.dueAtMs - other.dueAtMs);
  }

  earliestMs(): number | null {
    return this.all()[0]?.dueAtMs ?? null;
  }

  #indexDue(): Due | null {
    if (!this.#exists()) return null;
    return this.#sql.exec<Due>('SELECT due_at_ms, attempts, revision FROM index_due').toArray()[0] ?? null;
  }
}
