/**
 * Refreshes that are asked for from outside. The operator's `/refresh`: made at any age of the token, but never beside
 * another, in backoff or against a hold.
 */

import { waitForAttemptMs } from '#refresh/lifetimes.ts';
import type { Account } from '../account.ts';
import { isUntried } from '../life/import/fields.ts';
import type { Lifecycle } from '../life/lifecycle.ts';
import { isHeldBack, withoutOwnWait } from './plan.ts';
import type { ClientQuestion, Closed } from './provider/connection-watch.ts';
import type { Refresher } from './refresher.ts';

/** Not now: `Retry-After` is `retryAfterS`. */
export interface ForcedRefresh {
  readonly ok: false;
  readonly error: {
    readonly code: 'provider_unavailable' | 'conflict';
    readonly detail: string;
    readonly retryAfterS?: number;
  };
}

const APART_MS = 30_000;

/** Why no account of the connection calls now, for a person. */
const CLOSED: Readonly<Record<Closed['why'], string>> = {
  outage: 'the provider is away; one account at a time finds out whether it is back',
  misconfigured: 'the provider refuses the client of this connection',
  recovering: 'the provider is back, and the accounts that waited for it come back one after the other',
};

function later(retryAfterMs: number, detail: string): ForcedRefresh {
  return {
    ok: false,
    error: { code: 'provider_unavailable', detail, retryAfterS: Math.max(1, Math.ceil(retryAfterMs / 1000)) },
  };
}

/** Null: an attempt was made (or joined) or there is no account; look at the account for what came of it. */
export async function forceRefresh(
  object: Account,
  refresher: Refresher,
  lifecycle: Lifecycle,
): Promise<ForcedRefresh | null> {
  const living = await lifecycle.living();
  if (!living.ok) return null;
  const { opened, state } = living.value;
  const grant = state.grants[0];
  if (grant === undefined || !grant.hasRefreshToken || state.account.status !== 'active') {
    return { ok: false, error: { code: 'conflict', detail: 'there is no grant that could be refreshed' } };
  }
  const nowMs = object.now();
  const recent = object.attempts
    .newest(10)
    .find((attempt) => attempt.trigger === 'forced' || attempt.trigger === 'rejected');
  const sinceMs = recent === undefined ? APART_MS : nowMs - recent.startedAtMs;
  if (sinceMs >= 0 && sinceMs < APART_MS)
    return later(APART_MS - sinceMs, 'the last refresh was less than 30 seconds ago');
  const waitMs = waitForAttemptMs(withoutOwnWait(grant, true), nowMs, isHeldBack(state, grant, nowMs));
  if (waitMs > 0) return later(waitMs, 'the next attempt is not due yet');
  let flown = await refresher.ensure(opened, grant, 'forced');
  // The flight that it joined was for narrower scopes: the operator's own is still to be made.
  if (flown.kind === 'other') flown = await refresher.ensure(opened, grant, 'forced');
  if (flown.kind === 'not_now' && flown.closed !== undefined)
    return later(flown.closed.untilMs - object.now(), CLOSED[flown.closed.why]);
  return flown.kind === 'full' ? later(1000, 'too many callers wait for this account') : null;
}

/**
 * Another account was refused as a client: this one, which has refreshed lately, finds out whether it is too. True when
 * an attempt was made or joined, with any outcome.
 */
export async function proveClient(
  object: Account,
  refresher: Refresher,
  lifecycle: Lifecycle,
  { connection, client = null, untriedToo = true }: ClientQuestion,
): Promise<boolean> {
  const living = await lifecycle.living();
  if (!living.ok) return false;
  const { opened, state } = living.value;
  const grant = state.grants.find((row) => row.hasRefreshToken && (row.client ?? null) === client);
  if (grant === undefined || state.account.status !== 'active') return false;
  // Its account has refreshed lately, with another grant than this one.
  if (!untriedToo && isUntried(state.account, grant)) return false;
  if (state.account.connection !== connection || isHeldBack(state, grant, object.now())) return false;
  const flown = await refresher.ensure(opened, grant, 'heartbeat');
  return flown.kind !== 'not_now' && flown.kind !== 'full';
}
