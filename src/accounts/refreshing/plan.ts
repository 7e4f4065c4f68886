/** From rows to the pure decisions of `refresh/`: which facts of account, grant and connection they are given. */

import { isRenewedType } from '#contract/machine/kinds.ts';
import { refreshTokenLifeOf, rotationOf } from '#providers/rotation.ts';
import type { Rotation } from '#refresh/exchange/doubt.ts';
import { inDoubtShown, isHeld } from '#refresh/exchange/doubt.ts';
import {
  parseRotation,
  planRefresh,
  stillDue,
  type Planned,
  type RotationMode,
  type ScheduleFacts,
} from '#refresh/schedule.ts';
import type { Timer } from '#objects/timers.ts';
import type { Account } from '../account.ts';
import { armCalendar } from '../clock/calendar.ts';
import type { AccountRow, ConnectionSettings, GrantRow } from '../rows.ts';
import { mayRefresh } from '../status.ts';
import type { AccountState } from '../store.ts';
import { setLifetimeS } from './lifetime.ts';

const DEFAULT_LIFETIME_MS = 3_600_000;
const DEFAULT_MODE: RotationMode = { kind: 'idle_after', idleMs: 7 * 86_400_000 };

function modeOf(account: AccountRow, settings: ConnectionSettings): RotationMode {
  return parseRotation(account.rotation ?? settings.rotation) ?? DEFAULT_MODE;
}

export function rotationFacts(settings: ConnectionSettings): Rotation {
  return rotationOf(settings.descriptor);
}

/** When a refresh token that is used at `usedAtMs` dies of idleness, by the provider's facts; null: they give no idle life. */
export function idleEndMs(settings: ConnectionSettings, usedAtMs: number): number | null {
  const { idleMs } = refreshTokenLifeOf(settings.descriptor);
  return idleMs === null ? null : usedAtMs + idleMs;
}

/**
 * When the grant ends in any case: the sooner of the end by the provider's facts, counted from when it was given, and
 * the end that the provider itself named last. Null: there is neither.
 */
export function absoluteEndMs(
  settings: ConnectionSettings,
  grantedAtMs: number,
  saidMs: number | null,
): number | null {
  const { absoluteMs } = refreshTokenLifeOf(settings.descriptor);
  if (absoluteMs === null) return saidMs;
  return Math.min(grantedAtMs + absoluteMs, saidMs ?? Infinity);
}

/** Must the refresh token of this grant not be presented now? To be asked right before anything is sent. */
export function isHeldBack(state: AccountState, grant: GrantRow, nowMs: number): boolean {
  return isHeld({ ...grant, nowMs, rotation: rotationFacts(state.settings) });
}

/** `last_failure` of a grant whose client is refused to it alone: no gate of the connection knows of it. */
export const REFUSED_ALONE = 'client_rejected_alone';

/**
 * The grant as a request sees it. Of a client that was refused the connection's gate knows when to try again: the
 * account's own wait stands for the case that the directory does not answer, and where the trouble is its own.
 *
 * @param byOperator the operator asks, to see at once whether the client works again
 */
export function withoutOwnWait(grant: GrantRow, byOperator = false): GrantRow {
  const { lastFailure } = grant;
  const refused = lastFailure === 'client_rejected' || (byOperator && lastFailure === REFUSED_ALONE);
  const gated = refused && grant.doubtSinceMs === null;
  return gated ? { ...grant, nextAttemptAtMs: null } : grant;
}

/** Since when the account must show that it does not know which refresh token is the living one. */
export function inDoubtSinceMs(state: AccountState, nowMs: number): number | null {
  const rotation = rotationFacts(state.settings);
  const shown = state.grants.filter((grant) =>
    inDoubtShown({ nowMs, rotation, doubtSinceMs: grant.doubtSinceMs }),
  );
  return shown.reduce<number | null>(
    (earliest, grant) =>
      earliest === null ? grant.doubtSinceMs : Math.min(earliest, grant.doubtSinceMs ?? earliest),
    null,
  );
}

function scheduleFacts(
  object: Account,
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
): ScheduleFacts {
  const ttlS = setLifetimeS(account, settings) ?? settings.descriptor.access_token_ttl_s;
  return {
    nowMs: object.now(),
    grant,
    mode: modeOf(account, settings),
    lastUsedAtMs: account.lastUsedAtMs,
    createdAtMs: account.createdAtMs,
    defaultLifetimeMs: ttlS === null ? DEFAULT_LIFETIME_MS : ttlS * 1000,
  };
}

/** When the one timer of this grant is due, and for what; null: never by itself. */
export function planned(
  object: Account,
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
): Planned | null {
  if (!mayRefresh(account.status)) return null;
  // A static credential has a timer where it has an end.
  if (!isRenewedType(account.credentialType) && grant.accessExpiresAtMs === null) return null;
  return planRefresh({ ...scheduleFacts(object, account, settings, grant), random: object.random });
}

/** Should a timer that has fired still do what it was planned for? */
export function isStillDue(
  object: Account,
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
  timer: Timer,
): boolean {
  const kind = timer.payload as Planned['kind'];
  return stillDue({ kind, dueAtMs: timer.dueAtMs }, scheduleFacts(object, account, settings, grant));
}

/** Writes the grant's timer anew, or takes it away. Inside a transaction. */
export function armGrant(
  object: Account,
  account: AccountRow,
  settings: ConnectionSettings,
  grant: GrantRow,
): void {
  const plan = planned(object, account, settings, grant);
  const kind = `refresh:${grant.id}` as const;
  if (plan === null) object.timers.clear(kind);
  else object.timers.set(kind, plan.dueAtMs, plan.kind);
  armCalendar(object, account, grant, plan !== null);
}
