/** What each timer of an account does. When they run, and what becomes of one that fails, is `objects/alarm.ts`'s. */

import type { Random } from '#lib/clock.ts';
import { ofLiving, type TimerKinds } from '#objects/alarm.ts';
import type { Timer } from '#objects/timers.ts';
import { attemptPhase } from '#refresh/attempt.ts';
import { backoffMs } from '#refresh/backoff.ts';
import type { Trigger } from '#refresh/attempt.ts';
import { planAfterDoubt } from '#refresh/doubt.ts';
import { LATE_MS } from '#refresh/schedule.ts';
import { beat, warnOfEnd } from './calendar.ts';
import { applyChange } from './changes.ts';
import { overdueSpreadMs } from './connection-watch.ts';
import { lapseSessions } from './flow-sessions.ts';
import { indexAccount } from './index-outbox.ts';
import { armGrant, isHeldBack, isStillDue, planned, rotationFacts } from './plan.ts';
import type { ImportProofs } from './import-proof.ts';
import type { Refresher } from './refresher.ts';
import { startRevocations } from './revocation.ts';
import type { Room, TimerName } from './room.ts';
import type { GrantRow } from './rows.ts';
import { degrade } from './settle.ts';
import type { AccountState } from './store.ts';
import { learnSubject } from './subject.ts';
import { isUsable, othersServe } from './usable.ts';
import type { OpenedAccount } from './vault.ts';
import { systemContext } from '#audit/record.ts';

/** A timer that is planned anew never comes due at once: an alarm must not spin on a plan that moves with it. */
const SHORTEST_REPLAN_MS = 250;

/** What the timers of an account do, refreshes first. */
export function timerKinds(room: Room, refresher: Refresher, proofs: ImportProofs): TimerKinds<TimerName> {
  return {
    refresh: {
      rank: 0,
      id: /^(?:0|[1-9]\d*)$/,
      run: ofLiving((opened, _timer, id) => refreshTimer(room, refresher, opened, Number(id))),
    },
    reconcile: {
      rank: 1,
      id: /^[^:]*$/,
      run: ofLiving((opened, timer, id) => reconcileTimer(room, refresher, proofs, opened, id, timer)),
    },
    index: { rank: 2, run: (opened) => indexAccount(room, opened) },
    connect: { rank: 3, run: ofLiving((opened) => lapseSessions(room, opened)) },
    subject: { rank: 4, run: ofLiving((opened) => learnSubject(room, opened)) },
    expiring: { rank: 5, run: ofLiving((opened) => warnOfEnd(room, opened)) },
    outbox: { rank: 6, run: () => room.outbox.start() },
    beat: { rank: 7, run: ofLiving((opened) => beat(room, opened)) },
    revoke: { rank: 8, run: () => startRevocations(room) },
  };
}

/** Timers of an account fail for its provider's sake or the directory's: by the backoff of refreshes. */
export function accountRetryMs(failures: number, random: Random): number {
  return backoffMs({ failures, accessTokenLives: false, retryAfterMs: null, random });
}

const TRIGGERS: Record<string, Trigger> = {
  proactive: 'proactive',
  heartbeat: 'heartbeat',
  keepalive: 'keepalive',
  retry: 'reconcile',
};

async function refreshTimer(
  room: Room,
  refresher: Refresher,
  opened: OpenedAccount,
  grantId: number,
): Promise<void> {
  const state = room.store.state(opened.key.mac);
  const grant = state?.grants.find((row) => row.id === grantId);
  if (state === null || state === undefined || grant === undefined) {
    room.store.transaction(() => room.timers.clear(`refresh:${grantId}`));
    return;
  }
  const timer = room.timers.get(`refresh:${grantId}`);
  if (timer?.payload === 'end') return endTimer(room, opened, state, grantId);
  // The account may have gone idle or been used since, the alarm may be late or come twice: then it is planned anew.
  if (timer !== null && !isStillDue(room, withUse(room, state), state.settings, grant, timer)) {
    const late = room.now() - timer.dueAtMs > LATE_MS;
    const overMs = late ? await overdueSpreadMs(room.config, state.settings, room.now()) : 0;
    room.store.transaction(() => planAnew(room, opened, grantId, timer, overMs));
    return;
  }
  if (isHeldBack(state, grant, room.now())) return holdTimer(room, opened, state, grant);
  const trigger =
    timer?.payload === 'retry' && grant.doubtSinceMs === null ? 'proactive' : TRIGGERS[timer?.payload ?? ''];
  const flown = await refresher.ensure(opened, grant, trigger ?? 'proactive');
  if (flown.kind === 'settled' && flown.as !== 'overtaken') return;
  const closed = flown.kind === 'not_now' ? flown.closed : undefined;
  // Nothing was sent, or it may still settle: the timer must not stay due, or the alarm would spin.
  room.store.transaction(() => {
    const after = room.store.state(opened.key.mac);
    const row = after?.grants.find((one) => one.id === grantId);
    if (after === null || after === undefined || row === undefined) room.timers.clear(`refresh:${grantId}`);
    else if ((room.timers.get(`refresh:${grantId}`)?.dueAtMs ?? Infinity) <= room.now()) {
      const next = planned(room, withUse(room, after), after.settings, row);
      if (next === null) room.timers.clear(`refresh:${grantId}`);
      else
        room.timers.set(
          `refresh:${grantId}`,
          closed === undefined
            ? Math.max(next.dueAtMs, room.now() + room.config.exchangeBudgetMs)
            : Math.max(closed.lookAgainAtMs, room.now() + SHORTEST_REPLAN_MS),
          next.kind,
        );
    }
  });
}

/**
 * Sets the grant's timer by the rows as they are now, unless somebody else has. `overMs`: what is overdue comes within
 * so long, because as many others are. Inside a transaction.
 */
function planAnew(
  room: Room,
  opened: OpenedAccount,
  grantId: number,
  timer: Timer<TimerName>,
  overMs: number,
): void {
  const { kind } = timer;
  if (room.timers.get(kind)?.dueAtMs !== timer.dueAtMs) return;
  const state = room.store.state(opened.key.mac);
  const grant = state?.grants.find((row) => row.id === grantId);
  const wanted =
    state == null || grant === undefined ? null : planned(room, withUse(room, state), state.settings, grant);
  if (wanted === null) room.timers.clear(kind);
  else {
    const soonestMs = room.now() + Math.max(SHORTEST_REPLAN_MS, Math.floor(room.random() * overMs));
    room.timers.set(kind, Math.max(wanted.dueAtMs, soonestMs), wanted.kind);
  }
}

/** A grace has run out and no successor came: from now on the refresh token is held, and the account says so. */
function holdTimer(room: Room, opened: OpenedAccount, state: AccountState, grant: GrantRow): void {
  const { mac } = opened.key;
  const nowMs = room.now();
  const plan = planAfterDoubt({
    ...grant,
    nowMs,
    rotation: rotationFacts(state.settings),
    doubtSinceMs: grant.doubtSinceMs ?? nowMs,
    retryAfterMs: null,
    random: room.random,
  });
  const held = { ...grant, nextAttemptAtMs: plan.kind === 'none' ? null : plan.nextAttemptAtMs };
  room.store.transaction(() => {
    room.store.saveGrant(mac, held);
    const account = degrade(room, mac, state.account, 'refresh_in_doubt', nowMs);
    armGrant(room, account, state.settings, held);
  });
}

/** The account with what memory knows of its use. */
function withUse(room: Room, state: AccountState): AccountState['account'] {
  const used = Math.max(state.account.lastUsedAtMs ?? 0, room.lastUse.atMs ?? 0);
  return used === 0 ? state.account : { ...state.account, lastUsedAtMs: used };
}

/** An access token that nothing renews has come to its end. */
function endTimer(room: Room, opened: OpenedAccount, state: AccountState, grantId: number): void {
  const grant = state.grants.find((row) => row.id === grantId);
  room.store.transaction(() => {
    room.timers.clear(`refresh:${grantId}`);
    if (grant === undefined || state.account.status !== 'active') return;
    if (isUsable(grant, room.now())) {
      armGrant(room, state.account, state.settings, grant);
      return;
    }
    // Another grant goes on: only what this one covered is over.
    if (othersServe(state, grant, room.now())) return;
    applyChange(
      room,
      opened.key.mac,
      state.account,
      { signal: 'grant_died', action: 'account.status', reason: 'no_refresh_token' },
      systemContext('timer'),
    );
  });
}

function reconcileTimer(
  room: Room,
  refresher: Refresher,
  proofs: ImportProofs,
  opened: OpenedAccount,
  attemptId: string,
  timer: Timer<TimerName>,
): void {
  const attempt = room.attempts.byId(attemptId);
  if (attempt === null || attempt.endedAtMs !== null) {
    room.store.transaction(() => room.timers.clear(timer.kind));
    return;
  }
  const phase = attemptPhase({
    nowMs: room.now(),
    startedAtMs: attempt.startedAtMs,
    budgetMs: room.config.exchangeBudgetMs,
  });
  if (phase.kind === 'may_settle') {
    room.store.transaction(() =>
      room.timers.set(timer.kind as `reconcile:${string}`, room.now() + phase.leftMs),
    );
  } else if (attempt.trigger === 'import') proofs.lost(opened, attempt);
  else if (refresher.reconcile(opened, attempt) === 'overtaken') {
    room.store.transaction(() => {
      room.attempts.end(attempt.id, {
        endedAtMs: room.now(),
        outcome: 'superseded',
        reason: null,
        providerError: null,
      });
      room.timers.clear(timer.kind);
    });
  }
}
