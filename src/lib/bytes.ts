/** Bytes put together. Pure. */

/** One after the other. A single piece is answered as it is, not copied. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const some = pieces.filter(({ byteLength }) => byteLength > 0);
  if (some.length <= 1) return some[0] ?? new Uint8Array(0);
  const all = new Uint8Array(some.reduce((size, { byteLength }) => size + byteLength, 0));
  let at = 0;
  for (const piece of some) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
