/** The one wildcard of policies. Knows nothing of what it is matched against: not of connections, not of users. */

/**
 * True when the whole `value` fits the whole `pattern`. `*` stands for any run of characters, also none; everything
 * else, upper and lower case too, stands for itself. There is no escape.
 *
 * Takes the leftmost place for each piece between two stars and never comes back to it: with `*` as the only
 * wildcard a later place could only leave less room for the rest. So no pattern makes it search a value again.
 */
export function matchesGlob(pattern: string, value: string): boolean {
  const pieces = pattern.split('*');
  const head = pieces.shift() ?? '';
  const tail = pieces.pop();
  if (tail === undefined) return value === pattern;

  const tailAt = value.length - tail.length;
  // Without the first test head and tail could share characters: `aba` would fit `ab*ba`.
  if (tailAt < head.length || !value.startsWith(head) || !value.endsWith(tail)) return false;

  let searchFrom = head.length;
  for (const piece of pieces) {
    const foundAt = value.indexOf(piece, searchFrom);
    if (foundAt < 0 || foundAt + piece.length > tailAt) return false;
    searchFrom = foundAt + piece.length;
  }
  return true;
}
