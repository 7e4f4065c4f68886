/** A wait for a status of the living account. Its place among others is `waiting.ts`'s. */

import { err, ok, type Result } from '#lib/result.ts';
import type { Account } from '../account.ts';
import type { Waiter } from './waiting.ts';

/** One turn of a wait. */
export interface Turn {
  readonly status: string;
  readonly timeoutMs: number;
  readonly waiter: Waiter;
}

/**
 * Waits until the living account is in `status`, is gone, or the time is up. The value: whether there is nothing more
 * to wait for.
 */
export async function waitForStatus(
  { waiting, store, now }: Account,
  mac: Uint8Array,
  { status, timeoutMs, waiter }: Turn,
): Promise<Result<boolean, { readonly code: 'rate_limited' }>> {
  const reached = (): boolean =>
    !store.hasTables() || store.keyMaterial() === null || store.state(mac)?.account.status === status;
  const waited = await waiting.until(waiter, reached, timeoutMs, now);
  return waited ? ok(reached()) : err({ code: 'rate_limited' });
}
