/**
 * The stretches of time in which a grant's timers fall.
 *
 * Owns the arithmetic of spreading: where a refresh, a heartbeat and a keepalive may lie, and what becomes of one whose
 * time has passed. Refuses to choose between them (schedule.ts) and to know the time or draw by itself.
 */
import { accessLives, SHORTEST_CYCLE_MS } from './lifetimes.ts';
import type { GrantTimes } from './lifetimes.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/** Both ends are epoch milliseconds; a window whose end lies before its beginning is empty. */
export interface Window {
  fromMs: number;
  toMs: number;
}

/** The first cycle is wide, so that a cohort that connected together is spread at once. */
const FIRST_SHARE = 0.3;
/** Later ones are narrow: each refresh before its time is a call that buys nothing. */
const LATER_SHARE = 0.65;
/** The last tenth is for retries while the old token still serves. */
const LAST_SHARE = 0.9;
/** For lifetimes above this a tenth may be cut further: the successor is there a minute before the end. */
const LONG_LIFETIME_MS = 5 * 60_000;
const LAST_MINUTE_MS = 60_000;

/** A dead grant is known within this time of the last proof that it lived. */
const HEARTBEAT_LATEST_MS = 26 * HOUR_MS;
/** One whole day wide: the first heartbeats of a cohort fall on every hour alike. */
const HEARTBEAT_FIRST_MS = 2 * HOUR_MS;
/** Around one day after the last: about one call a day. */
const HEARTBEAT_LATER_MS = 22 * HOUR_MS;
/** A heartbeat drawn this soon after a refresh follows it directly; later, the account has only now become idle. */
const JUST_REFRESHED_MS = 60_000;

/** Timers that were missed (a jump of the clock, a long stop) are caught up within this time, not at once. */
const CATCH_UP_MS = 15 * 60_000;
/** But in a quarter of the lifetime, where that is shorter. */
const CATCH_UP_SHARE = 0.25;

/** The earliest instant for anything: now, and 30 s after the last token or attempt. Times in the future count as now. */
export function floorMs(grant: GrantTimes, nowMs: number): number {
  const after = (atMs: number | null) => (atMs === null ? nowMs : Math.min(atMs, nowMs) + SHORTEST_CYCLE_MS);
  return Math.max(nowMs, after(grant.tokenAtMs), after(grant.lastAttemptStartedAtMs));
}

/** Uniform in what is left of the window from `soonestMs` on; null when nothing is. */
export function drawIn(window: Window, soonestMs: number, random: () => number): number | null {
  const fromMs = Math.max(window.fromMs, soonestMs);
  if (!(fromMs <= window.toMs)) return null;
  return Math.max(soonestMs, Math.floor(fromMs + random() * (window.toMs - fromMs)));
}

/** Where lifetimes count from: when the token was asked for; now, where that is unknown or in the future. */
function bornAtMs(grant: GrantTimes, nowMs: number): number {
  return Math.min(grant.tokenAtMs ?? nowMs, nowMs);
}

/** The lifetime to plan by: the one granted, or what the row's times say where that is less or all there is. */
function lifetimeToPlanMs(grant: GrantTimes, nowMs: number, defaultLifetimeMs: number): number {
  if (!grant.hasAccessToken || grant.accessExpiresAtMs === null) return defaultLifetimeMs;
  const spanMs = Math.max(0, grant.accessExpiresAtMs - bornAtMs(grant, nowMs));
  return grant.lifetimeMs === null || !(grant.lifetimeMs > 0) ? spanMs : Math.min(grant.lifetimeMs, spanMs);
}

/** Last instant for a refresh of a token that lives long enough to have one; Infinity for the others. */
function lastGoodMs(grant: GrantTimes, lifetimeMs: number): number {
  if (!grant.hasAccessToken || grant.accessExpiresAtMs === null || lifetimeMs <= LONG_LIFETIME_MS)
    return Infinity;
  return grant.accessExpiresAtMs - LAST_MINUTE_MS;
}

/** Where the refresh of a token that ends belongs, counted from when it was asked for; from now where none is stored. */
export function proactiveWindow(grant: GrantTimes, nowMs: number, defaultLifetimeMs: number): Window {
  const lifetimeMs = lifetimeToPlanMs(grant, nowMs, defaultLifetimeMs);
  const fromAtMs = grant.hasAccessToken ? bornAtMs(grant, nowMs) : nowMs;
  const firstShare = grant.cycle <= 0 || !grant.hasAccessToken ? FIRST_SHARE : LATER_SHARE;
  return {
    fromMs: fromAtMs + firstShare * lifetimeMs,
    toMs: Math.min(fromAtMs + LAST_SHARE * lifetimeMs, lastGoodMs(grant, lifetimeMs)),
  };
}

/**
 * The instant of the proactive refresh; a refresh whose window has passed is caught up with, spread where that is
 * harmless.
 */
export function proactiveAtMs(
  grant: GrantTimes,
  nowMs: number,
  defaultLifetimeMs: number,
  random: () => number,
): number {
  const soonestMs = floorMs(grant, nowMs);
  const drawnMs = drawIn(proactiveWindow(grant, nowMs, defaultLifetimeMs), soonestMs, random);
  if (drawnMs !== null) return drawnMs;

  const lifetimeMs = lifetimeToPlanMs(grant, nowMs, defaultLifetimeMs);
  const spreadMs = Math.min(CATCH_UP_MS, CATCH_UP_SHARE * lifetimeMs);
  // After the token has ended there is no hurry left: the next request renews it on demand.
  const lastMs = accessLives(grant, nowMs) ? lastGoodMs(grant, lifetimeMs) : soonestMs + spreadMs;
  const toMs = Number.isFinite(lastMs) ? Math.min(lastMs, soonestMs + spreadMs) : soonestMs;
  return drawIn({ fromMs: soonestMs, toMs }, soonestMs, random) ?? soonestMs;
}

/** The last proof that the grant lives. An import without an access token has none: its account's creation stands in. */
function provenAtMs(grant: GrantTimes, nowMs: number, createdAtMs: number): number {
  if (grant.tokenAtMs !== null) return Math.min(grant.tokenAtMs, nowMs);
  return nowMs - createdAtMs < HEARTBEAT_LATEST_MS ? Math.min(createdAtMs, nowMs) : nowMs;
}

/** Before this a heartbeat would prove nothing that is not known. */
export function heartbeatFromMs(grant: GrantTimes, nowMs: number, createdAtMs: number): number {
  return provenAtMs(grant, nowMs, createdAtMs) + HEARTBEAT_FIRST_MS;
}

/** The first day of an account that goes idle at `idleFromMs`, for tokens that live on beyond it. */
export function firstIdleDay(idleFromMs: number): Window {
  return { fromMs: idleFromMs + HEARTBEAT_FIRST_MS, toMs: idleFromMs + HEARTBEAT_LATEST_MS };
}

/**
 * The instant of the next heartbeat: within 26 h of the last proof of life, or, where that is long ago because a
 * long-lived token was never due, within 26 h of the beginning of idleness.
 */
export function heartbeatAtMs(
  grant: GrantTimes,
  times: { nowMs: number; createdAtMs: number; idleFromMs: number | null },
  random: () => number,
): number {
  const { nowMs } = times;
  const soonestMs = floorMs(grant, nowMs);
  const provenMs = provenAtMs(grant, nowMs, times.createdAtMs);
  const follows = grant.cycle > 0 && nowMs - provenMs < JUST_REFRESHED_MS;
  const fromMs = provenMs + (follows ? HEARTBEAT_LATER_MS : HEARTBEAT_FIRST_MS);
  const drawnMs = drawIn({ fromMs, toMs: provenMs + HEARTBEAT_LATEST_MS }, soonestMs, random);
  if (drawnMs !== null) return drawnMs;
  const idleMs = times.idleFromMs === null ? null : drawIn(firstIdleDay(times.idleFromMs), soonestMs, random);
  return idleMs ?? Math.floor(soonestMs + random() * CATCH_UP_MS);
}

/**
 * Where the keepalive belongs: a tenth of the idle life wide, and over when the larger of a tenth and one day is left
 * (half, where the idle life is shorter than two days).
 */
export function keepaliveWindow(grant: GrantTimes, nowMs: number): Window | null {
  if (grant.refreshIdleExpiresAtMs === null) return null;
  const idleLifeMs = Math.max(0, grant.refreshIdleExpiresAtMs - bornAtMs(grant, nowMs));
  const marginMs = Math.min(0.5 * idleLifeMs, Math.max(0.1 * idleLifeMs, DAY_MS));
  const toMs = grant.refreshIdleExpiresAtMs - marginMs;
  return { fromMs: toMs - 0.1 * idleLifeMs, toMs };
}

/** The instant of the keepalive; null where the refresh token has no idle life. */
export function keepaliveAtMs(grant: GrantTimes, nowMs: number, random: () => number): number | null {
  const window = keepaliveWindow(grant, nowMs);
  if (window === null || grant.refreshIdleExpiresAtMs === null) return null;
  const soonestMs = floorMs(grant, nowMs);
  const drawnMs = drawIn(window, soonestMs, random);
  if (drawnMs !== null) return drawnMs;
  // Inside the margin half of what is left may be used to spread; past the end there is nothing left to miss.
  const leftMs = grant.refreshIdleExpiresAtMs - soonestMs;
  const spreadMs = leftMs > 0 ? Math.min(CATCH_UP_MS, leftMs / 2) : CATCH_UP_MS;
  return Math.floor(soonestMs + random() * spreadMs);
}

/** When the access token of a grant that nothing can renew ends; null: never, or there is none. */
export function endAtMs(grant: GrantTimes, nowMs: number): number | null {
  if (!grant.hasAccessToken || grant.accessExpiresAtMs === null) return null;
  return Math.max(nowMs, grant.accessExpiresAtMs);
}
