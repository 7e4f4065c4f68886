/** How long an answer takes: a distribution and a number from 0 to 1 make a time. Pure. */

/** All in milliseconds. `lognormal`: half of the answers are faster than `median`, one in a hundred slower than `p99`. */
export type Latency =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly p99Ms: number };

/** The 99th percentile of the standard normal distribution. */
const Z99 = 2.3263;
/** A tail has no end; a test has. */
const LONGEST_MS = 120_000;

/** @param random uniform from 0 (included) to 1 (not included); `second` likewise, for what needs two. */
export function latencyMs(latency: Latency, random: number, second: number): number {
  const ms = timeOf(latency, random, second);
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_MS) : 0;
}

function timeOf(latency: Latency, random: number, second: number): number {
  switch (latency.kind) {
    case 'constant':
      return latency.ms;
    case 'uniform':
      return latency.minMs + random * (latency.maxMs - latency.minMs);
    case 'exponential':
      return -Math.log(1 - random) * latency.meanMs;
    case 'lognormal': {
      // Box and Muller: two uniform numbers make a normal one.
      const normal = Math.sqrt(-2 * Math.log(1 - random)) * Math.cos(2 * Math.PI * second);
      const sigma = Math.log(latency.p99Ms / latency.medianMs) / Z99;
      return latency.medianMs * Math.exp(sigma * normal);
    }
  }
}
