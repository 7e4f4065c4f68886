/**
 * The phases of a refresh attempt as its journal row shows them.
 *
 * Owns the one question that an object which finds an attempt without an end must ask: may its result still come?
 * Refuses to start another: while the answer is `may_settle` nothing may be sent for that grant.
 */

/** Why a refresh is made (refresh.md, "Triggers"). `import`: to prove a refresh token that an operator brought. */
export type Trigger =
  'on_demand' | 'proactive' | 'rejected' | 'forced' | 'heartbeat' | 'keepalive' | 'reconcile' | 'import';

/**
 * Where an attempt without an end stands. `may_settle`: join it, for at most `leftMs` (> 0, ≤ the budget). `lost`: its
 * outcome is `unknown`, which is doubt.
 *
 * A start that lies further ahead than the budget was written before the clock was set back; its age can't be known.
 * It counts as lost, since waiting for the clock to catch up would close the account for hours, and doubt holds back
 * every harmful step.
 *
 * @param input.budgetMs `EXCHANGE_BUDGET_MS`: the exchange and the settling together
 */
export function attemptPhase(input: {
  nowMs: number;
  startedAtMs: number;
  budgetMs: number;
}): { kind: 'may_settle'; leftMs: number } | { kind: 'lost' } {
  const ageMs = input.nowMs - input.startedAtMs;
  if (ageMs >= input.budgetMs || ageMs < -input.budgetMs) return { kind: 'lost' };
  return { kind: 'may_settle', leftMs: Math.min(input.budgetMs, input.budgetMs - ageMs) };
}
