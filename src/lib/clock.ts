/** The only place that asks the platform for the time or for chance; room roots pass both on as arguments. */

/** Milliseconds since the epoch. */
export type Now = () => number;
/** Uniform in [0, 1). Spreads load; never used for a secret. */
export type Random = () => number;

export const systemNow: Now = () => Date.now();
export const systemRandom: Random = () => Math.random();

/** ISO-8601 UTC of an epoch time in milliseconds, or null. */
export function isoTime(atMs: number): string;
export function isoTime(atMs: number | null): string | null;
export function isoTime(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/** The time that a text says, as certificates and headers write it; null: it says none. */
export function timeOf(text: string): number | null {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : atMs;
}

/** The time as libraries take it. */
export function dateOf(atMs: number): Date {
  return new Date(atMs);
}

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The value, or `fallback` when it has not come within `ms`; a rejection is the fallback too. The work itself goes on. */
export async function within<T, F>(ms: number, work: Promise<T>, fallback: F): Promise<T | F> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<F>((resolve) => {
    timer = setTimeout(() => resolve(fallback), ms);
  });
  try {
    return await Promise.race([work.catch(() => fallback), late]);
  } finally {
    clearTimeout(timer);
  }
}
