/**
 * JSON whose whole numbers arrive as they were written. `JSON.parse` rounds what lies beyond 2^53, and ids of large
 * providers do: such a number becomes the text of its digits. Everything else is as `JSON.parse` gives it.
 *
 * Source: the TC39 proposal "JSON.parse source text access" (`context.source`), which V8 implements.
 */

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Sixteen digits in a row: shorter whole numbers are exact, so most texts need no second look. */
const LONG_NUMBER = /\d{16}/;

const exact: Reviver = (_key, value, context) =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context.source !== undefined &&
  /^-?\d+$/.test(context.source)
    ? context.source
    : value;

/** @throws SyntaxError as `JSON.parse` does */
export function parseExactly(text: string): unknown {
  return LONG_NUMBER.test(text)
    ? JSON.parse(text, exact as Parameters<typeof JSON.parse>[1])
    : JSON.parse(text);
}
