/** Waits that double with each failure: the arithmetic alone. Its caller decides what waits, and how long at most. */

import type { Random } from './clock.ts';

/** Beyond every limit; more would only approach infinity. */
const MOST_DOUBLINGS = 20;

/** The longest wait after so many failures in a row, this one included: `firstMs`, then twice as long each time. */
export function doubledMs(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(MOST_DOUBLINGS, Math.max(0, failures - 1)));
}

/** Half to whole of it, whole milliseconds: calls that failed together do not come back together. */
export function spreadHalf(ms: number, random: Random): number {
  return Math.ceil(ms * (0.5 + random() / 2));
}
