/**
 * What comes by the calendar and not by a token's life: the daily sign of life in the directory, by which a sweep finds
 * an account whose alarm was lost, and the warnings before a grant's absolute end.
 */

import { recordBeat } from '#directory/beats.ts';
import { reauthDueMs } from '#refresh/lifetimes.ts';
import type { Account } from '../account.ts';
import { tellExpiring } from '../life/events.ts';
import type { AccountRow, GrantRow } from '../rows.ts';
import type { OpenedAccount } from '../vault.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Early enough that a late alarm does not make an account look lost, which it does after 26 h. */
const BEAT_FROM_MS = 20 * HOUR_MS;
const BEAT_TO_MS = 24 * HOUR_MS;
/** How long before the end of a grant its users are warned, earliest first. */
const WARNINGS_MS = [14 * DAY_MS, 7 * DAY_MS, DAY_MS];

/** The next warning before `endMs` that still lies ahead; null: none does. Pure. */
export function nextWarningAtMs(endMs: number, nowMs: number): number | null {
  const next = WARNINGS_MS.map((beforeMs) => endMs - beforeMs).find((atMs) => atMs > nowMs);
  return next ?? null;
}

function nextBeatAtMs(object: Account): number {
  return object.now() + BEAT_FROM_MS + object.random() * (BEAT_TO_MS - BEAT_FROM_MS);
}

/** An account with a refresh timer beats; one without may sleep. Inside a transaction. */
export function armCalendar(object: Account, account: AccountRow, grant: GrantRow, hasTimer: boolean): void {
  const { timers } = object;
  // Another grant may still need a timer that this grant needs no more.
  const isAlone = !timers
    .all()
    .some(({ kind }) => kind.startsWith('refresh:') && kind !== `refresh:${grant.id}`);
  if (!hasTimer && isAlone) timers.clear('beat');
  else if (timers.get('beat') === null) timers.set('beat', nextBeatAtMs(object));
  const endMs = account.status === 'active' ? reauthDueMs(grant) : null;
  const ownAtMs = endMs === null ? null : nextWarningAtMs(endMs, object.now());
  const heldAtMs = isAlone ? null : (timers.get('expiring')?.dueAtMs ?? null);
  const warnAtMs = Math.min(ownAtMs ?? Infinity, heldAtMs ?? Infinity);
  if (warnAtMs === Infinity) timers.clear('expiring');
  else timers.set('expiring', warnAtMs);
}

/** Tells the directory that the account is alive. @throws when it does not answer: the timer is then postponed. */
export async function beat(object: Account, opened: OpenedAccount): Promise<void> {
  const account = object.store.state(opened.key.mac)?.account;
  if (account === undefined) return;
  // A dead or revoked account has nothing left to do: it says so once and sleeps.
  if (!object.timers.all().some((timer) => timer.kind.startsWith('refresh:'))) {
    object.store.transaction(() => {
      object.timers.clear('beat');
      object.timers.set('index', object.now());
    });
    return;
  }
  const known = await recordBeat(object.config.directory, account.accountId, object.now());
  object.store.transaction(() => {
    if (!known) object.timers.set('index', object.now());
    if (object.timers.get('beat') !== null) object.timers.set('beat', nextBeatAtMs(object));
  });
}

/**
 * A grant that nothing can renew is told of when it comes, where the first warning of its end would lie behind: the
 * others of the calendar come too late to do anything about it. Inside the transaction that stores it.
 */
export function warnUnrenewable(
  object: Account,
  mac: Uint8Array,
  account: AccountRow,
  grant: GrantRow,
): void {
  if (grant.hasRefreshToken || account.status !== 'active') return;
  const endMs = reauthDueMs(grant);
  const nowMs = object.now();
  if (endMs === null || endMs <= nowMs || endMs - nowMs > Math.max(...WARNINGS_MS)) return;
  tellExpiring(object, mac, account, endMs);
}

/** Warns of the end of the grant, and sets the next warning. */
export function warnOfEnd(object: Account, opened: OpenedAccount): void {
  const state = object.store.state(opened.key.mac);
  const ends = (state?.grants ?? []).map(reauthDueMs).filter((end) => end !== null);
  const endMs = ends.length === 0 ? null : Math.min(...ends);
  object.store.transaction(() => {
    object.timers.clear('expiring');
    if (state === null || endMs === null || state.account.status !== 'active' || endMs <= object.now())
      return;
    // Of several grants the one that was to end may have been renewed since.
    const isNear = endMs - object.now() <= Math.max(...WARNINGS_MS);
    if (isNear) tellExpiring(object, opened.key.mac, state.account, endMs);
    const nextMs = nextWarningAtMs(endMs, object.now());
    if (nextMs !== null) object.timers.set('expiring', nextMs);
  });
}
