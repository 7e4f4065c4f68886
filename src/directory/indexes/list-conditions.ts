/** What narrows a list, as SQL: column names are ours and stand in the text, values are bound. */

import type { ListPosition } from '../connections/connections.ts';

export interface Conditions {
  /** Never empty, so that more can be added with AND. */
  readonly where: string;
  readonly values: readonly (string | number)[];
}

/**
 * @param equal the value by column; null: any
 * @param after where a list that is newest first goes on; null: at its beginning
 */
export function listConditions(
  equal: Readonly<Record<string, string | null>>,
  after: ListPosition | null,
): Conditions {
  const parts = ['true'];
  const values: (string | number)[] = [];
  for (const [column, value] of Object.entries(equal)) {
    if (value === null) continue;
    parts.push(`${column} = ?`);
    values.push(value);
  }
  if (after !== null) {
    parts.push('(created_at_ms, id) < (?, ?)');
    values.push(after.createdAtMs, after.id);
  }
  return { where: parts.join(' AND '), values };
}
