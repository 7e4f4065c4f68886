/** Brings the result of an exchange home, whatever happens to the object meanwhile. */

import type { Config } from '#env.ts';
import { sleep, systemNow, systemRandom, within } from '#lib/clock.ts';
import { log } from '#lib/log.ts';
import type { SettleArgument } from '#refresh/outcome.ts';
import type { Request } from './exchange-open.ts';

/** A settle that finds the object gone is tried again with growing pauses. */
const SETTLE_FIRST_PAUSE_MS = 40;
const SETTLE_LAST_PAUSE_MS = 2_000;
/** One try that hangs must not use up the others' time. */
const SETTLE_TRY_MS = 4_000;
/** The platform ends work without a caller after 30 s, of which the call itself takes up to ten. */
const SETTLE_TOKENS_LIMIT_MS = 18_000;

interface SettleStub {
  settle(argument: SettleArgument): Promise<unknown>;
}

/**
 * Commits through a new stub per try: one that threw stays broken, and the next incarnation may be elsewhere. A
 * successor in hand is worth trying for as long as the platform lets this run: a late one is still welcome.
 *
 * @returns what the account made of it
 */
export async function settle(config: Config, request: Request, argument: SettleArgument): Promise<unknown> {
  const limitMs = argument.tokens === null ? request.budgetMs / 3 : SETTLE_TOKENS_LIMIT_MS;
  const deadlineMs = systemNow() + limitMs;
  for (let pauseMs = SETTLE_FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, SETTLE_LAST_PAUSE_MS)) {
    const settled = await trySettle(config, request, argument);
    if (settled !== null) return settled;
    if (systemNow() + pauseMs > deadlineMs) throw new Error('internal: an exchange could not be settled');
    await sleep(pauseMs * (0.5 + systemRandom()));
  }
}

/** Null: not settled, or not known to be; settling twice is harmless. */
async function trySettle(config: Config, request: Request, argument: SettleArgument): Promise<unknown> {
  try {
    const stub = config.accounts.getByName(request.accountId) as unknown as SettleStub;
    const answer = await within(SETTLE_TRY_MS, stub.settle(argument), 'late');
    if (answer !== 'late' && answer !== 'locked') return answer ?? 'settled';
    log('warn', 'settle is tried again', { attempt: request.attemptId, answer });
  } catch (error) {
    log('warn', 'settle is tried again', { attempt: request.attemptId, error });
  }
  return null;
}
