/** Each timer of an account, and the work it starts. `objects/alarm.ts` runs them, and plans a failed timer anew. */

import type { Random } from '#lib/clock.ts';
import { ofLiving, type TimerKinds } from '#objects/alarm.ts';
import type { Timer } from '#objects/timers.ts';
import { attemptPhase } from '#refresh/exchange/attempt.ts';
import { backoffMs } from '#refresh/backoff.ts';
import type { Trigger } from '#refresh/exchange/attempt.ts';
import { planAfterDoubt } from '#refresh/exchange/doubt.ts';
import { LATE_MS } from '#refresh/schedule.ts';
import { systemContext } from '#audit/record.ts';
import type { Account, TimerName } from '../account.ts';
import { tendApproval } from '../approvals/upkeep.ts';
import { closeLostCalls } from '../calls/call-end.ts';
import { startRevocations } from '../ending/revocation.ts';
import { lapseSessions } from '../flows/sessions/upkeep.ts';
import { indexAccount } from '../insight/index-outbox.ts';
import { applyChange } from '../life/changes.ts';
import type { ImportProofs } from '../life/import/proof.ts';
import { learnSubject } from '../life/subject.ts';
import { armGrant, isHeldBack, isStillDue, planned, rotationFacts } from '../refreshing/plan.ts';
import { overdueSpreadMs } from '../refreshing/provider/connection-watch.ts';
import type { Refresher } from '../refreshing/refresher.ts';
import { degrade } from '../refreshing/settle/settle.ts';
import { DECLARED_END, isUsable, othersServe } from '../refreshing/usable.ts';
import type { GrantRow } from '../rows.ts';
import type { AccountState } from '../store.ts';
import type { OpenedAccount } from '../vault.ts';
import { beat, warnOfEnd } from './calendar.ts';

/** A timer that is planned anew never comes due at once: an alarm must not spin on a plan that moves with it. */
const SHORTEST_REPLAN_MS = 250;

/** The account's timers by kind, refreshes first. */
export function timerKinds(
  object: Account,
  refresher: Refresher,
  proofs: ImportProofs,
): TimerKinds<TimerName> {
  return {
    refresh: {
      rank: 0,
      id: /^(?:0|[1-9]\d*)$/,
      run: ofLiving((opened, _timer, id) => refreshTimer(object, refresher, opened, Number(id))),
    },
    reconcile: {
      rank: 1,
      id: /^[^:]*$/,
      run: ofLiving((opened, timer, id) => reconcileTimer(object, refresher, proofs, opened, id, timer)),
    },
    index: { rank: 2, run: (opened) => indexAccount(object, opened) },
    connect: { rank: 3, run: ofLiving((opened) => lapseSessions(object, opened)) },
    subject: { rank: 4, run: ofLiving((opened) => learnSubject(object, opened)) },
    expiring: { rank: 5, run: ofLiving((opened) => warnOfEnd(object, opened)) },
    outbox: { rank: 6, run: () => object.outbox.start() },
    beat: { rank: 7, run: ofLiving((opened) => beat(object, opened)) },
    approval: {
      rank: 8,
      id: /^apr_[0-9A-Za-z]{22}$/,
      run: ofLiving((opened, _timer, id) => tendApproval(object, opened, id)),
    },
    revoke: { rank: 9, run: () => startRevocations(object) },
    calls: {
      rank: 10,
      run: ofLiving((opened, { payload }) => closeLostCalls(object, opened, Number(payload ?? 0))),
    },
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
  object: Account,
  refresher: Refresher,
  opened: OpenedAccount,
  grantId: number,
): Promise<void> {
  const state = object.store.state(opened.key.mac);
  const grant = state?.grants.find((row) => row.id === grantId);
  if (state === null || state === undefined || grant === undefined) {
    object.store.transaction(() => object.timers.clear(`refresh:${grantId}`));
    return;
  }
  const timer = object.timers.get(`refresh:${grantId}`);
  if (timer?.payload === 'end') return endTimer(object, opened, state, grantId);
  // The account may have gone idle or been used since, the alarm may be late or come twice: then it is planned anew.
  if (timer !== null && !isStillDue(object, withUse(object, state), state.settings, grant, timer)) {
    const late = object.now() - timer.dueAtMs > LATE_MS;
    const overMs = late ? await overdueSpreadMs(object.config, state.settings, object.now()) : 0;
    object.store.transaction(() => planAnew(object, opened, grantId, timer, overMs));
    return;
  }
  if (isHeldBack(state, grant, object.now())) return holdTimer(object, opened, state, grant);
  const trigger =
    timer?.payload === 'retry' && grant.doubtSinceMs === null ? 'proactive' : TRIGGERS[timer?.payload ?? ''];
  const flown = await refresher.ensure(opened, grant, trigger ?? 'proactive');
  if (flown.kind === 'settled' && flown.as !== 'overtaken') return;
  const closed = flown.kind === 'not_now' ? flown.closed : undefined;
  // Nothing was sent, or it may still settle: the timer must not stay due, or the alarm would spin.
  object.store.transaction(() => {
    const after = object.store.state(opened.key.mac);
    const row = after?.grants.find((one) => one.id === grantId);
    if (after === null || after === undefined || row === undefined) object.timers.clear(`refresh:${grantId}`);
    else if ((object.timers.get(`refresh:${grantId}`)?.dueAtMs ?? Infinity) <= object.now()) {
      const next = planned(object, withUse(object, after), after.settings, row);
      if (next === null) object.timers.clear(`refresh:${grantId}`);
      else
        object.timers.set(
          `refresh:${grantId}`,
          closed === undefined
            ? Math.max(next.dueAtMs, object.now() + object.config.exchangeBudgetMs)
            : Math.max(closed.lookAgainAtMs, object.now() + SHORTEST_REPLAN_MS),
          next.kind,
        );
    }
  });
}

/**
 * Sets the grant's timer by the rows as they are now, unless other code has. `overMs`: an overdue grant gets its turn
 * within this time, because as many others are overdue. Inside a transaction.
 */
function planAnew(
  object: Account,
  opened: OpenedAccount,
  grantId: number,
  timer: Timer<TimerName>,
  overMs: number,
): void {
  const { kind } = timer;
  if (object.timers.get(kind)?.dueAtMs !== timer.dueAtMs) return;
  const state = object.store.state(opened.key.mac);
  const grant = state?.grants.find((row) => row.id === grantId);
  const wanted =
    state == null || grant === undefined
      ? null
      : planned(object, withUse(object, state), state.settings, grant);
  if (wanted === null) object.timers.clear(kind);
  else {
    const soonestMs = object.now() + Math.max(SHORTEST_REPLAN_MS, Math.floor(object.random() * overMs));
    object.timers.set(kind, Math.max(wanted.dueAtMs, soonestMs), wanted.kind);
  }
}

/** A grace has run out and no successor came: from now on the refresh token is held, and the account says so. */
function holdTimer(object: Account, opened: OpenedAccount, state: AccountState, grant: GrantRow): void {
  const { mac } = opened.key;
  const nowMs = object.now();
  const plan = planAfterDoubt({
    ...grant,
    nowMs,
    rotation: rotationFacts(state.settings),
    doubtSinceMs: grant.doubtSinceMs ?? nowMs,
    retryAfterMs: null,
    random: object.random,
  });
  const held = { ...grant, nextAttemptAtMs: plan.kind === 'none' ? null : plan.nextAttemptAtMs };
  object.store.transaction(() => {
    object.store.saveGrant(mac, held);
    const account = degrade(object, mac, state.account, 'refresh_in_doubt', nowMs);
    armGrant(object, account, state.settings, held);
  });
}

/** The account with what memory knows of its use. */
function withUse(object: Account, state: AccountState): AccountState['account'] {
  const used = Math.max(state.account.lastUsedAtMs ?? 0, object.lastUse.atMs ?? 0);
  return used === 0 ? state.account : { ...state.account, lastUsedAtMs: used };
}

/** An access token that nothing renews has come to its end. */
function endTimer(object: Account, opened: OpenedAccount, state: AccountState, grantId: number): void {
  const grant = state.grants.find((row) => row.id === grantId);
  object.store.transaction(() => {
    object.timers.clear(`refresh:${grantId}`);
    if (grant === undefined || state.account.status !== 'active') return;
    if (isUsable(grant, object.now())) {
      armGrant(object, state.account, state.settings, grant);
      return;
    }
    // Another grant goes on: only what this one covered is over.
    if (othersServe(state, grant, object.now())) return;
    applyChange(
      object,
      opened.key.mac,
      state.account,
      {
        signal: 'grant_died',
        action: 'account.status',
        reason: 'no_refresh_token',
        evidence: grant.staticFields === null ? [] : [DECLARED_END],
      },
      systemContext('timer'),
    );
  });
}

function reconcileTimer(
  object: Account,
  refresher: Refresher,
  proofs: ImportProofs,
  opened: OpenedAccount,
  attemptId: string,
  timer: Timer<TimerName>,
): void {
  const attempt = object.attempts.byId(attemptId);
  if (attempt === null || attempt.endedAtMs !== null) {
    object.store.transaction(() => object.timers.clear(timer.kind));
    return;
  }
  const phase = attemptPhase({
    nowMs: object.now(),
    startedAtMs: attempt.startedAtMs,
    budgetMs: object.config.exchangeBudgetMs,
  });
  if (phase.kind === 'may_settle') {
    object.store.transaction(() =>
      object.timers.set(timer.kind as `reconcile:${string}`, object.now() + phase.leftMs),
    );
  } else if (attempt.trigger === 'import') proofs.lost(opened, attempt);
  else if (refresher.reconcile(opened, attempt) === 'overtaken') {
    object.store.transaction(() => {
      object.attempts.end(attempt.id, {
        endedAtMs: object.now(),
        outcome: 'superseded',
        reason: null,
        providerError: null,
      });
      object.timers.clear(timer.kind);
    });
  }
}
