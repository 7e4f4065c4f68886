/** Brings a result home to the object that waits for it, also when the object restarts meanwhile. */

import { doubledMs } from '#lib/backoff.ts';
import { sleep, systemNow, systemRandom, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';

/** A try that finds the object gone is made again with growing pauses. */
const FIRST_PAUSE_MS = 40;
const LAST_PAUSE_MS = 2_000;
/** One try that hangs must not use up the others' time. */
const TRY_MS = 4_000;

/**
 * Tells until it is known to have arrived; it may arrive twice. `tell` makes a new stub each time: a stub that threw
 * stays broken, and the next incarnation may be elsewhere.
 *
 * @param tell what the object answers; null: it could not take it now, and is told again
 * @param limitMs how long in all
 * @param of what is told, for the log
 * @returns the answer; null when the time is up
 */
export async function tellHome<T>(
  tell: () => Promise<T | null>,
  limitMs: number,
  of: Readonly<Record<string, string>>,
): Promise<T | null> {
  const deadlineMs = systemNow() + limitMs;
  for (let failures = 1; ; failures += 1) {
    const answer = await within(TRY_MS, heard(tell, of), null);
    if (answer !== null) return answer;
    const pauseMs = doubledMs(failures, FIRST_PAUSE_MS, LAST_PAUSE_MS);
    if (systemNow() + pauseMs > deadlineMs) return null;
    await sleep(pauseMs * (0.5 + systemRandom()));
  }
}

/** One try. Null: not known to have arrived. */
async function heard<T>(
  tell: () => Promise<T | null>,
  of: Readonly<Record<string, string>>,
): Promise<T | null> {
  try {
    const answer = await tell();
    if (answer === null) log('warn', 'a result is told again', { ...of, reason: 'not_taken' });
    return answer;
  } catch (error) {
    log('warn', 'a result is told again', { ...of, error });
    return null;
  }
}
