/** SQL of the refresh journal: one row per attempt, written before anything leaves; the newest fifty ended ones are kept. */

import type { Trigger } from '#refresh/exchange/attempt.ts';
import type { Tables } from '#objects/schema.ts';
import type { AttemptRow } from '../rows.ts';

export const KEPT_ATTEMPTS = 50;

type Row = {
  id: string;
  grant_id: number;
  generation_from: number;
  generation_to: number;
  trigger_kind: string;
  started_at_ms: number;
  ended_at_ms: number | null;
  outcome: string | null;
  reason: string | null;
  provider_error: string | null;
  token_age_ms: number | null;
};

function fromSql(row: Row): AttemptRow {
  return {
    id: row.id,
    grantId: row.grant_id,
    generationFrom: row.generation_from,
    generationTo: row.generation_to,
    trigger: row.trigger_kind as Trigger,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    outcome: row.outcome,
    reason: row.reason,
    providerError: row.provider_error,
    tokenAgeMs: row.token_age_ms,
  };
}

export class AttemptJournal {
  readonly #sql: SqlStorage;
  readonly #tables: Tables;
  readonly #begun: () => void;

  /** @param begun called with each new attempt: it draws a generation, and the grant has been tried */
  constructor(sql: SqlStorage, tables: Tables, begun: () => void) {
    this.#sql = sql;
    this.#tables = tables;
    this.#begun = begun;
  }

  begin(attempt: AttemptRow): void {
    this.#tables.need('refresh_attempt');
    this.#sql.exec(
      `INSERT INTO refresh_attempt
         (id, grant_id, generation_from, generation_to, trigger_kind, started_at_ms, token_age_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      attempt.id,
      attempt.grantId,
      attempt.generationFrom,
      attempt.generationTo,
      attempt.trigger,
      attempt.startedAtMs,
      attempt.tokenAgeMs,
    );
    this.#sql.exec(
      `DELETE FROM refresh_attempt WHERE ended_at_ms IS NOT NULL
         AND n <= (SELECT max(n) FROM refresh_attempt) - ?`,
      KEPT_ATTEMPTS,
    );
    this.#begun();
  }

  end(
    id: string,
    end: { endedAtMs: number; outcome: string; reason: string | null; providerError: string | null },
  ): void {
    this.#sql.exec(
      'UPDATE refresh_attempt SET ended_at_ms = ?, outcome = ?, reason = ?, provider_error = ? WHERE id = ?',
      end.endedAtMs,
      end.outcome,
      end.reason,
      end.providerError,
      id,
    );
  }

  byId(id: string): AttemptRow | null {
    return this.#read('WHERE id = ?', id)[0] ?? null;
  }

  /** Attempts without an end: in flight, or cut off. */
  open(): AttemptRow[] {
    return this.#read('WHERE ended_at_ms IS NULL ORDER BY n');
  }

  /** Newest first. */
  newest(limit: number): AttemptRow[] {
    return this.#read('ORDER BY n DESC LIMIT ?', limit);
  }

  #read(which: string, ...values: (string | number)[]): AttemptRow[] {
    if (!this.#tables.has('refresh_attempt')) return [];
    return this.#sql
      .exec<Row>(`SELECT * FROM refresh_attempt ${which}`, ...values)
      .toArray()
      .map(fromSql);
  }
}
