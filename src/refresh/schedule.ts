/**
 * The one timer of a grant: what is due next, and when.
 *
 * Owns the rotation modes and the choice between refresh, heartbeat, keepalive, retry and end. Refuses to set a timer,
 * to read a clock or to draw: all are arguments. Where each may lie is in windows.ts.
 */
import { accessLives, LONGEST_WAIT_MS, SHORTEST_CYCLE_MS, waitForAttemptMs } from './lifetimes.ts';
import type { GrantTimes } from './lifetimes.ts';
import {
  drawIn,
  endAtMs,
  firstIdleDay,
  floorMs,
  heartbeatAtMs,
  heartbeatFromMs,
  keepaliveAtMs,
  keepaliveWindow,
  proactiveAtMs,
  proactiveWindow,
} from './windows.ts';

/** When a grant is refreshed unasked: always, never, or while it has been used within `idleMs`. */
export type RotationMode =
  { kind: 'proactive' } | { kind: 'on_demand' } | { kind: 'idle_after'; idleMs: number };

const UNIT_MS = { s: 1_000, m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 } as const;
/** Shorter would flap with every pause of an agent. */
const SHORTEST_IDLE_MS = UNIT_MS.m;
const LONGEST_IDLE_MS = 365 * UNIT_MS.d;

/**
 * Reads `proactive`, `on_demand` or `idle_after:<whole number><s|m|h|d>` (1 min to 365 d).
 * @returns null for anything else
 */
export function parseRotation(text: string): RotationMode | null {
  if (text === 'proactive' || text === 'on_demand') return { kind: text };
  const match = /^idle_after:([1-9]\d{0,8})([smhd])$/.exec(text);
  if (match === null) return null;
  const idleMs = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return idleMs >= SHORTEST_IDLE_MS && idleMs <= LONGEST_IDLE_MS ? { kind: 'idle_after', idleMs } : null;
}

/**
 * The next act that is due. `proactive`, `heartbeat` and `keepalive` are triggers of a refresh; `retry` is one after a
 * failure (or the deliberate attempt in doubt); `end`: the access token ends then and nothing renews it.
 */
export type Planned = { kind: 'proactive' | 'heartbeat' | 'keepalive' | 'retry' | 'end'; dueAtMs: number };

/** What the schedule is a function of, `random` aside. */
export interface ScheduleFacts {
  nowMs: number;
  grant: GrantTimes;
  mode: RotationMode;
  /** Last use by an agent; null: never used, so idleness counts from `createdAtMs`. */
  lastUsedAtMs: number | null;
  createdAtMs: number;
  /** Lifetime to assume where no access token is stored. */
  defaultLifetimeMs: number;
}

/** An alarm later than this means a jump of the clock or a long stop: many are late together. */
export const LATE_MS = 2 * 60_000;

/**
 * Plans the one timer of a grant. To be called whenever its row, its mode or its use after idleness changes, and when
 * a timer fires that `stillDue` turns down.
 *
 * @returns null when nothing is ever due; `dueAtMs` is never before `nowMs`
 */
export function planRefresh(input: ScheduleFacts & { random: () => number }): Planned | null {
  const { nowMs, grant, random } = input;
  if (!grant.hasRefreshToken) {
    const dueAtMs = endAtMs(grant, nowMs);
    return dueAtMs === null ? null : { kind: 'end', dueAtMs };
  }
  if (grant.nextAttemptAtMs !== null) return { kind: 'retry', dueAtMs: retryAtMs(grant, nowMs) };

  const planned = renewsByLifetime(input) ? planActive(input) : planHeartbeat(input);
  const keepaliveMs = keepaliveAtMs(grant, nowMs, random);
  return keepaliveMs !== null && keepaliveMs < planned.dueAtMs
    ? { kind: 'keepalive', dueAtMs: keepaliveMs }
    : planned;
}

/**
 * Whether a timer that fires should still do what it was planned for. False means: call `planRefresh` again. So it
 * turns a refresh of an account that has gone idle into a heartbeat, answers the second of two alarms, and spreads
 * timers that fire much too late instead of letting them go off together.
 */
export function stillDue(planned: Planned, input: ScheduleFacts): boolean {
  const { nowMs, grant } = input;
  if (planned.dueAtMs > nowMs) return false;
  if (planned.kind === 'end') return !grant.hasRefreshToken && !accessLives(grant, nowMs);
  if (!grant.hasRefreshToken) return false;
  if (planned.kind === 'retry') {
    return grant.nextAttemptAtMs !== null && waitForAttemptMs(grant, nowMs, accessLives(grant, nowMs)) === 0;
  }
  if (grant.nextAttemptAtMs !== null || nowMs - planned.dueAtMs > LATE_MS) return false;
  if (isJustDone(grant.tokenAtMs, nowMs) || isJustDone(grant.lastAttemptStartedAtMs, nowMs)) return false;
  if (planned.kind === 'proactive' && !renewsByLifetime(input)) return false;
  if (planned.kind === 'heartbeat' && renewsByLifetime(input)) return false;
  // Without a birth that can be believed a window would move along with now, and the timer would never be due.
  if (grant.tokenAtMs === null || grant.tokenAtMs > nowMs) return true;
  return nowMs >= Math.floor(windowFromMs(planned.kind, input));
}

/** Where the window of a timer begins for the tokens that are stored now: earlier it was planned for older ones. */
function windowFromMs(kind: 'proactive' | 'heartbeat' | 'keepalive', input: ScheduleFacts): number {
  const { nowMs, grant } = input;
  switch (kind) {
    case 'proactive':
      return grant.hasAccessToken ? proactiveWindow(grant, nowMs, input.defaultLifetimeMs).fromMs : nowMs;
    case 'heartbeat':
      return heartbeatFromMs(grant, nowMs, input.createdAtMs);
    case 'keepalive':
      return keepaliveWindow(grant, nowMs)?.fromMs ?? Infinity;
  }
}

/** Within the last 30 s; a time in the future says that the clock was set back, and nothing else. */
function isJustDone(atMs: number | null, nowMs: number): boolean {
  return atMs !== null && atMs <= nowMs && nowMs - atMs < SHORTEST_CYCLE_MS;
}

/** Whether the account counts as in use under its mode, so that its token is to be kept fresh. */
function isActive({ nowMs, mode, lastUsedAtMs, createdAtMs }: ScheduleFacts): boolean {
  if (mode.kind !== 'idle_after') return mode.kind === 'proactive';
  return nowMs - (lastUsedAtMs ?? createdAtMs) < mode.idleMs;
}

/** A token that never ends has no lifetime to refresh by: it beats like an idle account's. */
function renewsByLifetime(input: ScheduleFacts): boolean {
  const neverExpires = input.grant.hasAccessToken && input.grant.accessExpiresAtMs === null;
  return isActive(input) && !neverExpires;
}

/** Where idleness begins; null where it is no question of time. */
function idleFromMs({ mode, lastUsedAtMs, createdAtMs }: ScheduleFacts): number | null {
  return mode.kind === 'idle_after' ? (lastUsedAtMs ?? createdAtMs) + mode.idleMs : null;
}

/** A long-lived token may not be due before its account goes idle: then the first idle day's heartbeat comes first. */
function planActive(input: ScheduleFacts & { random: () => number }): Planned {
  const { nowMs, grant, random } = input;
  const dueAtMs = proactiveAtMs(grant, nowMs, input.defaultLifetimeMs, random);
  const idleMs = idleFromMs(input);
  if (idleMs === null || dueAtMs <= firstIdleDay(idleMs).fromMs) return { kind: 'proactive', dueAtMs };
  const beatMs = drawIn(firstIdleDay(idleMs), floorMs(grant, nowMs), random);
  return beatMs !== null && beatMs < dueAtMs
    ? { kind: 'heartbeat', dueAtMs: beatMs }
    : { kind: 'proactive', dueAtMs };
}

function planHeartbeat(input: ScheduleFacts & { random: () => number }): Planned {
  const { nowMs, createdAtMs } = input;
  const times = { nowMs, createdAtMs, idleFromMs: idleFromMs(input) };
  return { kind: 'heartbeat', dueAtMs: heartbeatAtMs(input.grant, times, input.random) };
}

/**
 * A retry comes when it is allowed, at once where it already is; never long after the token's end, in spite of the row.
 */
function retryAtMs(grant: GrantTimes, nowMs: number): number {
  const lives = accessLives(grant, nowMs);
  const dueAtMs = nowMs + waitForAttemptMs(grant, nowMs, lives);
  if (!lives || grant.accessExpiresAtMs === null) return dueAtMs;
  return Math.min(dueAtMs, Math.max(nowMs + LONGEST_WAIT_MS, grant.accessExpiresAtMs));
}
