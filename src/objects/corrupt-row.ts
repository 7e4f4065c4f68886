/** A stored row is not what the broker wrote: its MAC does not match, or it is not of those that were written together. */
export class CorruptRowError extends Error {
  override readonly name = 'CorruptRowError';
}
