/**
 * A row as SQLite gives it, and its columns read in the types that they should have. Rows are authenticated before they
 * come here.
 */

export type SqlRow = Record<string, string | number | null>;
type Column = string | number | null | undefined;

/** @throws Error ("internal") for what is no text */
export function text(value: Column): string {
  if (typeof value !== 'string') throw new Error('internal: a text column holds something else');
  return value;
}

export function textOrNull(value: Column): string | null {
  return value === null || value === undefined ? null : text(value);
}

/** @throws Error ("internal") for what is no finite number */
export function int(value: Column): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new Error('internal: a number column holds something else');
  return value;
}

export function intOrNull(value: Column): number | null {
  return value === null || value === undefined ? null : int(value);
}
