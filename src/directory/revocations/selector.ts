/** What a cut-off of the kill switch is about, and which accounts of the index it matches: words and SQL, no question. */

/** Exactly one of the first four is given, or none: then all of `organization`. Crosses RPC; fields are only added. */
export interface Selector {
  /** Its keys and tokens, and no account. */
  readonly agent: string | null;
  readonly connection: string | null;
  readonly identifier: string | null;
  readonly subject: { readonly connection: string; readonly subject: string } | null;
  /** Whose accounts alone; empty: those of none. Null: of all. */
  readonly organization: string | null;
}

/** The same text for two selectors that match the same. */
export function selectorText({ agent, connection, identifier, subject, organization }: Selector): string {
  return JSON.stringify([
    agent,
    connection,
    identifier,
    subject === null ? null : [subject.connection, subject.subject],
    organization,
  ]);
}

/** Accounts that may be made while the cut-off is written: their clocks are not the Worker's. The account judges itself. */
const MADE_MEANWHILE_MS = 60_000;

export interface Condition {
  readonly where: string;
  readonly values: readonly (string | number)[];
}

/** Which rows of `account_index` a cut-off of `atMs` may be about. Column names are ours, values are bound. */
export function matching(selector: Selector, atMs: number): Condition {
  if (selector.agent !== null) return { where: 'false', values: [] };
  const parts = ['created_at_ms <= ?'];
  const values: (string | number)[] = [atMs + MADE_MEANWHILE_MS];
  const equal = (column: string, value: string | null): void => {
    if (value === null) return;
    parts.push(`${column} = ?`);
    values.push(value);
  };
  equal('connection', selector.connection ?? selector.subject?.connection ?? null);
  equal('identifier', selector.identifier);
  equal('subject', selector.subject?.subject ?? null);
  equal('organization', selector.organization);
  return { where: parts.join(' AND '), values };
}
