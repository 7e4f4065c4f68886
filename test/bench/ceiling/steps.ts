/** The steps from the floor to the ceiling, and what both sides know of them. */

/** Each does what the one before it does, and keeps one more rule; `kept` and `made` have objects of their own. */
export type Step = 'floor' | 'asked' | 'recorded' | 'proved' | 'kept' | 'made';

/** Of the chain, as the broker keeps them: a record costs one written row. */
export const RECORDS_A_ROW = 16;

/** The tables that a new account needs at once, with the columns that matter here. */
export const TABLES = {
  account: 'CREATE TABLE account (id INTEGER PRIMARY KEY, body TEXT, data_key TEXT, mac TEXT);',
  connection_copy: 'CREATE TABLE connection_copy (id INTEGER PRIMARY KEY, settings TEXT, mac TEXT);',
  grant_row: 'CREATE TABLE grant_row (id INTEGER PRIMARY KEY, secret TEXT, mac TEXT);',
  row_seal: 'CREATE TABLE row_seal (id INTEGER PRIMARY KEY, mac TEXT);',
  timer: 'CREATE TABLE timer (kind TEXT PRIMARY KEY, due_at_ms INTEGER) WITHOUT ROWID;',
  audit_head: `CREATE TABLE IF NOT EXISTS audit_head (id INTEGER PRIMARY KEY, since INTEGER, seq INTEGER, previous TEXT,
    bodies TEXT, hash TEXT, broken_at INTEGER, mac TEXT);`,
} as const;

/** What a request for a token brings to the account. */
export interface Argument {
  readonly at: number;
  readonly agent: { readonly id: string; readonly organization: string; readonly policy: object };
  readonly cutOffs: object;
  readonly use: object;
  readonly minTtlMs: number;
  readonly context: object;
}
