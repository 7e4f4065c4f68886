/**
 * The health of one connection, as the directory keeps it for all its accounts (refresh.md, "Connection health").
 *
 * Owns when a provider counts as away and a client as rejected, which accounts may call meanwhile, and how waiting
 * accounts come back. Refuses storage and clock: a function takes the row as it is and returns the row as it should be,
 * the same object where there is nothing to write. Concurrent writers need a conditional UPDATE on what was read.
 */

import {
  afterSuccess,
  judgeRefusal,
  othersProved,
  standingOf,
  type ClientStanding,
} from './client-standing.ts';

/** `ok`, or why no account of the connection can be served with a new token. */
export type HealthState = 'ok' | 'outage' | 'misconfigured';

/** A connection's health as one row of the directory. All times are epoch milliseconds. */
export interface ConnectionHealth {
  readonly state: HealthState;
  /** Null while `ok`. */
  readonly reason: string | null;
  readonly sinceMs: number;
  /** While misconfigured: the newest version of the settings that the provider has refused. */
  readonly version: number | null;
  /** While not `ok`: no account calls before. Moving it forward is the lease of a probe. */
  readonly nextProbeAtMs: number | null;
  /** The last failures in a row, at most four: the fifth opens an outage. */
  readonly failedAtMs: readonly number[];
  /** The last account whose request the provider called wrong. */
  readonly wrongRequest: WrongRequest | null;
  /** Until then the waiting accounts come back, each at its own instant after `sinceMs`; null: no account has to. */
  readonly spreadUntilMs: number | null;
  /** How many accounts the connection had when it left `ok`. */
  readonly accounts: number;
  /** How the connection's client stands; null: no account has refreshed with it. */
  readonly client: ClientStanding | null;
  /** While misconfigured: accounts whose own refusals say so. They do not probe while any other can. */
  readonly closedBy: readonly string[];
}

export interface WrongRequest {
  readonly account: string;
  readonly version: number;
  readonly atMs: number;
}

/** What an attempt says of its connection. `answered`: the provider is there, with any answer. */
export type HealthReport =
  | { readonly kind: 'succeeded'; readonly account: string }
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly atMs: readonly number[] }
  | {
      readonly kind: 'client_rejected';
      readonly account: string;
      readonly version: number;
      readonly reason: string;
      /** Accounts that were to be asked about it and cannot be. */
      readonly unable?: readonly string[];
      readonly untried?: boolean;
    }
  | {
      readonly kind: 'request_rejected';
      readonly account: string;
      readonly version: number;
      readonly reason: string;
      /** Its grant was brought unproven and was never renewed: its own refresh token may be what is wrong. */
      readonly untried?: boolean;
    };

export type HealthNews = 'connection.outage' | 'connection.misconfigured' | 'connection.recovered';

export interface AfterReport {
  readonly health: ConnectionHealth;
  /** The one event that the change is worth; null: none. */
  readonly news: HealthNews | null;
  /** The account that is to refresh at once, to find out whose trouble a refused client is; left out: none. */
  readonly ask?: string;
}

/** One account may have a bad moment, and two may share one; five in a minute is the provider. */
const OPENED_BY = 5;
const IN_A_ROW_WITHIN_MS = 60_000;
const OUTAGE_PROBE_MS = 30_000;
/** Only people mend a client, and a provider may count wrong secrets against it. */
const MISCONFIGURED_PROBE_MS = 5 * 60_000;
/** How long an account that was refused leaves a probe that is due to the others, before it looks again. */
const LEFT_TO_OTHERS_MS = 60_000;
const NOBODY_COMES_MS = 30 * 60_000;
/** Two accounts with the same wrong request within this time: it is what the connection sends. */
const WRONG_REQUESTS_WITHIN_MS = 10 * 60_000;
/** Clocks of machines differ a little; an instant later than expected by more than this was set by a wrong clock. */
const CLOCK_SLACK_MS = 60_000;

const SHORTEST_SPREAD_MS = 60_000;
const DEFAULT_PER_SECOND = 50;

/** A new connection. */
export function healthyFrom(nowMs: number): ConnectionHealth {
  return {
    state: 'ok',
    reason: null,
    sinceMs: nowMs,
    version: null,
    nextProbeAtMs: null,
    failedAtMs: [],
    wrongRequest: null,
    spreadUntilMs: null,
    accounts: 0,
    client: null,
    closedBy: [],
  };
}

/**
 * How long so many accounts take to come back at the connection's rate.
 * @param perSecond `max_refreshes_per_second`; null: 50
 */
export function spreadMs(accounts: number, perSecond: number | null): number {
  return Math.ceil((Math.max(0, accounts) / (perSecond ?? DEFAULT_PER_SECOND)) * 1000);
}

/** Settings that are newer than those refused have ended the incident, though no account has proved them yet. */
export function isOver(health: ConnectionHealth, version: number): boolean {
  return health.state === 'misconfigured' && version > (health.version ?? 0);
}

/**
 * The health after an attempt of any account.
 *
 * An outage ends with a success alone. So does `misconfigured`: a newer version lets every account call again, and
 * where it is refused too the same incident goes on, without another event.
 *
 * @param input.version of the settings that the directory holds now: what an older one met says nothing of it
 * @param input.client digest of the client that it holds now
 * @param input.accounts of the connection, and `perSecond` its `max_refreshes_per_second`: for the way back
 */
export function afterReport(
  health: ConnectionHealth,
  report: HealthReport,
  input: { nowMs: number; version: number; client: string; accounts: number; perSecond: number | null },
): AfterReport {
  const same: AfterReport = { health, news: null };
  switch (report.kind) {
    case 'succeeded': {
      const proved = afterSuccess(standingOf(health.client, input.client), report.account, input.nowMs);
      const known = proved === health.client ? health : { ...health, client: proved };
      return health.state === 'ok' ? withoutFailures(known) : recovered(known, input);
    }
    case 'answered':
      return withoutFailures(health);
    case 'failed':
      return health.state === 'outage' || (health.state === 'misconfigured' && !isOver(health, input.version))
        ? same
        : afterFailures(health, report.atMs, input);
    case 'client_rejected':
      return report.version < input.version ? same : afterRefusedClient(health, report, input);
    case 'request_rejected':
      return report.version < input.version ? same : afterWrongRequest(health, report, input);
  }
}

function withoutFailures(health: ConnectionHealth): AfterReport {
  const quiet = health.failedAtMs.length === 0;
  return { health: quiet ? health : { ...health, failedAtMs: [] }, news: null };
}

type Scale = { nowMs: number; accounts: number; perSecond: number | null };

function recovered(health: ConnectionHealth, { nowMs, accounts, perSecond }: Scale): AfterReport {
  const neededMs = spreadMs(accounts, perSecond);
  // A provider that was away is spared longer than one that only did not know us.
  const overMs = health.state === 'outage' ? Math.max(SHORTEST_SPREAD_MS, neededMs) : neededMs;
  const { client } = health;
  return {
    health: { ...healthyFrom(nowMs), client, spreadUntilMs: nowMs + overMs },
    news: 'connection.recovered',
  };
}

function afterFailures(health: ConnectionHealth, atMs: readonly number[], input: Scale): AfterReport {
  const { nowMs, accounts } = input;
  const inARow = [...health.failedAtMs, ...atMs]
    .filter((failedMs) => Math.abs(nowMs - failedMs) <= IN_A_ROW_WITHIN_MS)
    .toSorted((left, right) => left - right);
  if (inARow.length < OPENED_BY) return { health: { ...health, failedAtMs: inARow }, news: null };
  const open: ConnectionHealth = {
    ...healthyFrom(nowMs),
    state: 'outage',
    reason: 'provider_unavailable',
    nextProbeAtMs: nowMs + OUTAGE_PROBE_MS,
    accounts,
    client: health.client,
  };
  return { health: open, news: 'connection.outage' };
}

/**
 * The first refusal may be one account's own trouble; a refusal of two accounts that had refreshed before is the
 * connection's.
 */
function afterRefusedClient(
  health: ConnectionHealth,
  report: Extract<HealthReport, { kind: 'client_rejected' }>,
  input: Scale & { version: number; client: string },
): AfterReport {
  const { account, unable = [], untried = false } = report;
  if (health.state === 'misconfigured' && !isOver(health, input.version))
    return rejected(health, report, [account], input);
  const { nowMs } = input;
  const judged = judgeRefusal(standingOf(health.client, input.client), { account, nowMs, unable, untried });
  if (judged.kind === 'connection') return rejected(health, report, judged.by, input);
  const { standing } = judged;
  const after = standing === health.client ? health : { ...health, client: standing };
  return { health: after, news: null, ...(judged.kind === 'ask' ? { ask: judged.whom } : {}) };
}

/** @param by the accounts that were refused: the next probe is for another */
function rejected(
  health: ConnectionHealth,
  report: { version: number; reason: string },
  by: readonly string[],
  { nowMs, accounts }: Scale,
): AfterReport {
  const { version, reason } = report;
  const known = health.state === 'misconfigured';
  if (known && version <= (health.version ?? 0)) return { health, news: null };
  const next: ConnectionHealth = {
    ...healthyFrom(known ? health.sinceMs : nowMs),
    state: 'misconfigured',
    reason,
    version,
    nextProbeAtMs: nowMs + MISCONFIGURED_PROBE_MS,
    accounts,
    closedBy: by,
  };
  return { health: next, news: known ? null : 'connection.misconfigured' };
}

/** One account's request may be odd; the same wrong request of two accounts is the connection's trouble. */
function afterWrongRequest(
  health: ConnectionHealth,
  report: Extract<HealthReport, { kind: 'request_rejected' }>,
  input: Scale & { client: string },
): AfterReport {
  if (health.state === 'misconfigured') return rejected(health, report, [report.account], input);
  const { nowMs } = input;
  const { account, version } = report;
  // Others' requests are taken: where no account has proven a value, it is no news that the provider calls it wrong.
  if (report.untried === true && othersProved(standingOf(health.client, input.client), account))
    return { health, news: null };
  const before = health.wrongRequest;
  const recent = before !== null && Math.abs(nowMs - before.atMs) <= WRONG_REQUESTS_WITHIN_MS;
  if (recent && before.account !== account && before.version === version)
    return rejected(health, report, [before.account, account], input);
  return { health: { ...health, wrongRequest: { account, version, atMs: nowMs } }, news: null };
}

/**
 * What an account that wants to call may do. `probe`: call if it gets the lease. `wait`: not before `untilMs`, and
 * `why` is what callers are told; `recovering`: its own instant on the way back.
 */
export type Gate =
  | { readonly kind: 'call' }
  | { readonly kind: 'probe' }
  | {
      readonly kind: 'wait';
      readonly why: 'outage' | 'misconfigured' | 'recovering';
      readonly untilMs: number;
    };

/**
 * Whether an account may call now. To be asked right before anything is sent.
 *
 * @param input.version of the settings that the call would use
 * @param input.account that asks, and whether any other of the connection could probe in its place; `probedInVain`: its
 * own probe was refused
 * @param input.share of this account and this recovery, uniform in [0, 1): its place on the way back
 * @param input.tokenEndsAtMs when its access token ends or has ended; null: never. An account whose token ends between
 * the recovery and its instant has not waited, and does not wait now.
 */
export function gateOf(
  health: ConnectionHealth,
  input: {
    nowMs: number;
    version: number;
    account: string;
    othersCanProbe: boolean;
    probedInVain: boolean;
    share: number;
    tokenEndsAtMs: number | null;
  },
): Gate {
  const { nowMs, version } = input;
  if (health.state === 'ok') return onTheWayBack(health, input);
  if (isOver(health, version)) return { kind: 'call' };
  const untilMs = probeAtMs(health, nowMs);
  if (untilMs <= nowMs && isForOthers(health, input, nowMs - untilMs))
    return { kind: 'wait', why: health.state, untilMs: nowMs + LEFT_TO_OTHERS_MS };
  return untilMs <= nowMs ? { kind: 'probe' } : { kind: 'wait', why: health.state, untilMs };
}

function onTheWayBack(
  { sinceMs, spreadUntilMs }: ConnectionHealth,
  input: { nowMs: number; share: number; tokenEndsAtMs: number | null },
): Gate {
  const { nowMs, share, tokenEndsAtMs } = input;
  if (spreadUntilMs === null || nowMs >= spreadUntilMs || sinceMs > nowMs + CLOCK_SLACK_MS)
    return { kind: 'call' };
  const untilMs = sinceMs + Math.floor(share * (spreadUntilMs - sinceMs));
  const waited = tokenEndsAtMs === null || tokenEndsAtMs <= sinceMs || tokenEndsAtMs > untilMs;
  return waited && untilMs > nowMs ? { kind: 'wait', why: 'recovering', untilMs } : { kind: 'call' };
}

/**
 * The account that was refused would find out nothing new, and take the place of an account that could. Where no other
 * account comes for half an hour it is tried all the same. An account whose probe was refused lets the others go first,
 * for a minute.
 */
function isForOthers(
  { state, closedBy }: ConnectionHealth,
  asking: { account: string; othersCanProbe: boolean; probedInVain: boolean },
  overdueMs: number,
): boolean {
  if (state !== 'misconfigured' || !asking.othersCanProbe) return false;
  if (closedBy.includes(asking.account)) return overdueMs < NOBODY_COMES_MS;
  return asking.probedInVain && overdueMs < LEFT_TO_OTHERS_MS;
}

/** The account has left, or is another's: the next account may probe at once. Null: it had no part in it. */
export function withoutCloser(
  health: ConnectionHealth,
  account: string,
  nowMs: number,
): ConnectionHealth | null {
  if (health.state !== 'misconfigured' || !health.closedBy.includes(account)) return null;
  return { ...health, closedBy: health.closedBy.filter((one) => one !== account), nextProbeAtMs: nowMs };
}

function probeEveryMs(health: ConnectionHealth): number {
  return health.state === 'misconfigured' ? MISCONFIGURED_PROBE_MS : OUTAGE_PROBE_MS;
}

/** When the next probe is due; at once where the row names a time that only a wrong clock could have set. */
function probeAtMs(health: ConnectionHealth, nowMs: number): number {
  const atMs = health.nextProbeAtMs ?? nowMs;
  return atMs - nowMs > probeEveryMs(health) + CLOCK_SLACK_MS ? nowMs : atMs;
}

/** The row with its probe taken; to be written only over the row that was read. Null: it is not due, or none is wanted. */
export function takeProbe(health: ConnectionHealth, nowMs: number): ConnectionHealth | null {
  if (health.state === 'ok' || probeAtMs(health, nowMs) > nowMs) return null;
  return { ...health, nextProbeAtMs: nowMs + probeEveryMs(health) };
}

/** So many accounts may ask the directory in one second whether the provider is back. */
const LOOKS_PER_SECOND = 20;
const LONGEST_LOOK_MS = 60_000;

/**
 * When a timer that found the gate closed looks again: at its own instant on the way back; else after the next probe,
 * spread so that a large connection does not ask the directory in one instant.
 */
export function lookAgainAtMs(
  health: ConnectionHealth,
  wait: Extract<Gate, { kind: 'wait' }>,
  random: () => number,
): number {
  if (wait.why === 'recovering') return wait.untilMs;
  const overMs = Math.min(LONGEST_LOOK_MS, (health.accounts / LOOKS_PER_SECOND) * 1000);
  return wait.untilMs + Math.floor(random() * overMs);
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const GOLDEN = 0.618_033_988_749_895;

/**
 * The place of an account on the way back from the incident that ended at `sinceMs`, in [0, 1): uniform over accounts,
 * since an id is a hash, and another in each recovery, so that no account is always the last.
 */
export function shareOf(accountId: string, sinceMs: number): number {
  let place = 0;
  for (const letter of accountId.slice(-8)) place = place * 32 + Math.max(0, BASE32.indexOf(letter));
  return (place / 32 ** 8 + (sinceMs % 1_000_000) * GOLDEN) % 1;
}
